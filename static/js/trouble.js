// No answer, or one that something in front of the desk gave: what was typed stays, and a toast says so.
function tell(element) {
  if (element?.matches("[data-quiet]")) return;
  document.getElementById("toast").replaceChildren(document.getElementById("trouble").content.cloneNode(true));
}

document.addEventListener("htmx:error", ({ detail: { ctx } }) => ctx && tell(ctx.sourceElement));
document.addEventListener("htmx:before:response", (event) => {
  const { sourceElement, response } = event.detail.ctx;
  if (response.status < 500 || response.headers.has("HX-Retarget")) return;
  event.preventDefault();
  tell(sourceElement);
});
