// A toast leaves after 8 s, later while the pointer or the focus is on it.
const STAYS_MS = 8000;

function watch(toast) {
  let timer;
  const leave = () => toast.remove();
  const stay = () => clearTimeout(timer);
  const wait = () => { stay(); timer = setTimeout(leave, STAYS_MS); };
  toast.addEventListener("pointerenter", stay);
  toast.addEventListener("pointerleave", wait);
  toast.addEventListener("focusin", stay);
  toast.addEventListener("focusout", wait);
  const button = toast.querySelector("[data-toast-close]");
  if (button) button.hidden = false;
  button?.addEventListener("click", leave);
  wait();
}

const place = document.getElementById("toast");
place.querySelectorAll(".toast").forEach(watch);
new MutationObserver((changes) => {
  changes.flatMap((change) => [...change.addedNodes]).forEach((node) => node.matches?.(".toast") && watch(node));
}).observe(place, { childList: true });
