// Help that is fetched by itself, such as suggestions while typing, stays silent when it fails: a redirect to
// the sign-in page in the middle of a sentence would cost the text.
document.addEventListener("htmx:before:response", (event) => {
  const { sourceElement, response } = event.detail.ctx;
  if (sourceElement.matches("[data-quiet]") && response.status >= 400) event.preventDefault();
});
