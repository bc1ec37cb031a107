// The composer: choosing Reply or Note puts the focus into the text, and a ticket opens where its news begin.
const news = document.getElementById("news");

// the thread scrolls with the page, on narrow screens in its own column
const boxes = () => [document.scrollingElement, document.querySelector(".ticket__column")].filter(Boolean);
const atEnd = () => boxes().every((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 40);
const toEnd = () => boxes().forEach((box) => { box.scrollTop = box.scrollHeight; });

// a last message taller than the window is read from its first line
function toLast() {
  toEnd();
  const last = [...document.querySelectorAll(".message")].at(-1);
  if (last?.getBoundingClientRect().top < 0) last.scrollIntoView({ block: "start" });
}

if (news) news.scrollIntoView({ block: "start" });
else if (document.getElementById("timeline") && !location.hash) toLast();

const said = () => document.querySelectorAll(".message").length;
let follows = false;
let writes = false;
let before = 0;
document.addEventListener("htmx:before:swap", () => {
  follows = atEnd();
  before = said();
  writes = Boolean(document.activeElement?.closest("#composer"));
});
document.addEventListener("htmx:after:swap", () => {
  if (follows || (writes && said() > before)) toEnd();
  // the button that was pressed may be gone, the place to go on writing is not
  if (writes && document.activeElement === document.body) document.getElementById("message")?.focus({ preventScroll: true });
});

// On phones the composer is a bar that opens by a tap and closes by one elsewhere, as long as nothing is written.
document.addEventListener("click", ({ target, detail }) => {
  const composer = document.getElementById("composer");
  if (!composer) return;
  const text = composer.elements.message;
  if (target.matches("[data-composer-mode]")) {
    composer.dataset.open = "";
    if (detail) text.focus(); // a tap or a click; arrow keys stay between the two
  } else if (!composer.contains(target) && !text.value) {
    delete composer.dataset.open;
  }
});
