// Dropping files anywhere on a form that takes files, and pasting pictures into its text.
import { add } from "./files.js";

const areaNear = (node) => node.closest?.("form")?.querySelector("[data-files]");
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

function mark(event, over) {
  const area = areaNear(event.target);
  if (!area || !carriesFiles(event)) return null;
  area.toggleAttribute("data-over", over);
  return area;
}

document.addEventListener("dragover", (event) => {
  if (mark(event, true)) event.preventDefault();
});

document.addEventListener("dragleave", (event) => mark(event, false));

document.addEventListener("drop", (event) => {
  const area = mark(event, false);
  if (!area) return;
  event.preventDefault();
  add(area, [...event.dataTransfer.files]);
});

document.addEventListener("paste", (event) => {
  const area = areaNear(event.target);
  const files = [...(event.clipboardData?.files ?? [])];
  if (!area || !files.length) return;
  event.preventDefault();
  add(area, files);
});
