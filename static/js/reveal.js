// A button beside a password that shows what was typed. It is hidden until this script is there to serve it.
document.querySelectorAll("[data-reveal]").forEach((button) => {
  const field = document.getElementById(button.getAttribute("aria-controls"));
  button.hidden = !field;
  button.addEventListener("click", () => {
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
    field.focus();
  });
});
