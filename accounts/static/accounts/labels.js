// Names for fields which the theme shows with a heading or a hint only: screen readers read them out.
"use strict";

(() => {
  const FIELDS = "input:not([type=hidden], [type=submit], [type=button]), select, textarea";

  const columnHeading = (field) => {
    const cell = field.closest("td");
    const heads = field.closest("table")?.querySelectorAll("thead th");
    return cell && heads ? heads[cell.cellIndex]?.textContent.trim() : "";
  };

  const rowLabel = (field) => {
    const label = field.closest(".field-line, .form-row")?.querySelector("label");
    const part = { vDateField: "date", vTimeField: "time" };
    const kind = Object.keys(part).find((name) => field.classList.contains(name));
    return [label?.textContent.replace(/[*:]\s*$/, "").trim(), part[kind]].filter(Boolean).join(", ");
  };

  const nameAll = (within) => {
    for (const field of within.querySelectorAll(FIELDS)) {
      if (field.labels?.length || field.title || field.hasAttribute("aria-label") || field.hasAttribute("aria-labelledby")) continue;
      const name = columnHeading(field) || rowLabel(field) || field.placeholder;
      if (name) field.setAttribute("aria-label", name);
    }
  };

  document.addEventListener("DOMContentLoaded", () => nameAll(document));
  document.addEventListener("formset:added", (event) => nameAll(event.target));
})();
