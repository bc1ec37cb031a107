// Presets the time zone of a form with the reader's own, as long as nothing else was chosen.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

document.querySelectorAll("[data-zone-preset]").forEach((field) => {
  const offered = field.type === "hidden" || [...field.options].some((option) => option.value === zone);
  if (zone && offered) field.value = zone;
});
