// Disclosure menus (<details data-menu>): one open at a time, closed by Escape, by a click elsewhere or by a choice; arrows move.
const open = () => document.querySelector("details[data-menu][open]");
const lines = (menu) => [...menu.querySelectorAll(".menu__line")];

function close(menu, andReturn) {
  menu.open = false;
  if (andReturn) menu.querySelector("summary").focus();
}

document.addEventListener("toggle", ({ target }) => {
  if (!target.matches("details[data-menu]") || !target.open) return;
  document.querySelectorAll("details[data-menu][open]").forEach((other) => other !== target && close(other));
  target.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
}, true);

document.addEventListener("click", ({ target }) => {
  const menu = open();
  if (menu && !menu.contains(target)) close(menu);
});

document.addEventListener("submit", ({ target }) => {
  const menu = target.closest("details[data-menu]") ?? (target.contains(open()) ? open() : null);
  if (menu) close(menu, true);
});

document.addEventListener("keydown", (event) => {
  const menu = open();
  if (!menu) return;
  if (event.key === "Escape") {
    event.preventDefault();
    close(menu, true);
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !menu.contains(document.activeElement)) return;
  event.preventDefault();
  const all = lines(menu);
  const here = all.indexOf(document.activeElement);
  all.at((here < 0 ? (step > 0 ? 0 : -1) : here + step) % all.length)?.focus();
});
