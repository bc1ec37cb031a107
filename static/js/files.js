// Files of a form: picked, dropped and pasted ones add up, and each can be taken back before sending.
// Markup: templates/portal/_files.html. Without scripts the plain file input stays.

const chosen = new WeakMap(); // the input → its files so far; a fresh pick alone would replace them

const areaOf = (node) => node.closest?.("[data-files]");
const inputOf = (area) => area.querySelector("input[type=file]");

function sizeInWords(bytes) {
  const [unit, amount] = bytes < 1e6 ? ["kilobyte", Math.max(1, bytes / 1e3)] : ["megabyte", bytes / 1e6];
  const digits = unit === "megabyte" ? 1 : 0;
  const style = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: digits };
  return new Intl.NumberFormat(document.documentElement.lang || undefined, style).format(amount);
}

function keep(area, files) {
  const held = new DataTransfer();
  files.forEach((file) => held.items.add(file));
  inputOf(area).files = held.files;
  chosen.set(inputOf(area), files);
  list(area, files);
}

function list(area, files) {
  const row = area.querySelector("template");
  const rows = files.map((file, place) => {
    const line = row.content.cloneNode(true);
    line.querySelector("[data-file-name]").textContent = file.name;
    line.querySelector("[data-file-size]").textContent = sizeInWords(file.size);
    line.querySelector("[data-file-remove]").dataset.fileRemove = place;
    return line;
  });
  area.querySelector("[data-files-list]").replaceChildren(...rows);
}

export function add(area, more) {
  const { maxMb, maxFiles, tooLarge, tooMany } = area.dataset;
  const fit = more.filter((file) => file.size <= maxMb * 1e6);
  const all = [...(chosen.get(inputOf(area)) ?? []), ...fit];
  const complaint = fit.length < more.length ? tooLarge : all.length > maxFiles ? tooMany : "";
  const note = area.querySelector("[data-files-note]");
  note.hidden = !complaint;
  note.querySelector("[data-files-words]").textContent = complaint;
  keep(area, all.slice(0, maxFiles));
}

document.addEventListener("change", ({ target }) => {
  if (target.type === "file" && areaOf(target)) add(areaOf(target), [...target.files]);
});

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-file-remove]");
  if (!button) return;
  const area = areaOf(button);
  keep(area, chosen.get(inputOf(area)).filter((_, place) => place !== Number(button.dataset.fileRemove)));
  inputOf(area).focus();
});
