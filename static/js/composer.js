// The composer: choosing Reply or Note puts the focus into the text, and a ticket opens where its news begin.
document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-composer-mode]")) target.form.elements.message.focus();
});

const news = document.getElementById("news");
const thread = document.getElementById("timeline");

if (news) news.scrollIntoView({ block: "start" });
else if (thread && !location.hash) {
  // the thread scrolls with the page, on narrow screens in its own column
  for (const box of [document.scrollingElement, thread.parentElement]) box.scrollTop = box.scrollHeight;
}
