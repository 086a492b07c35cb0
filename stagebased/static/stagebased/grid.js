// Editing in place: a click opens a text where it stands; what is kept comes back as the server draws it.
"use strict";

(() => {
  const template = document.getElementById("ed-editor");
  if (!template) return;

  function open(cell) {
    const there = cell.querySelector(".ed-editor");
    if (there) return there.elements.text.focus();
    const form = template.content.cloneNode(true).querySelector("form");
    const said = cell.querySelector(".ed-said");
    form.elements.text.value = form.dataset.before = said ? said.textContent : "";
    form.querySelector("[data-when-file]").hidden = !("file" in cell.dataset);
    // The theme would look for its own markup around the field at each change.
    const file = form.querySelector("input[type=file]");
    if (file) file.hasChangeListener = true;
    const drop = form.querySelector("[data-forget-it]");
    drop.hidden = !(said || "file" in cell.dataset || "draft" in cell.dataset);
    drop.textContent = "draft" in cell.dataset ? "Drop the draft" : "Remove the text";
    cell.classList.add("ed-open");
    cell.append(form);
    form.elements.text.focus();
    form.scrollIntoView({ block: "nearest" });
  }

  function close(cell) {
    cell.querySelector(".ed-editor")?.remove();
    cell.classList.remove("ed-open");
    cell.querySelector("[data-edit]")?.focus();
  }

  function trouble(form, words) {
    const line = form.querySelector("[data-trouble]");
    line.textContent = words;
    line.hidden = !words;
  }

  async function send(form, url, confirmed) {
    const cell = form.closest("td");
    const data = new FormData(form);
    data.set("number", cell.dataset.number);
    data.set("lang", cell.dataset.lang);
    data.set("before", form.dataset.before);
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    trouble(form, "");
    try {
      const answer = await fetch(url, { method: "POST", body: data });
      const told = await answer.json();
      if (answer.ok) return redraw(cell, told);
      if (answer.status === 409) {
        // Shown once; keeping it a second time means it was seen.
        form.dataset.before = told.text;
        trouble(form, `${told.detail} It says now: “${told.text}”. Keep yours to replace it.`);
      } else {
        trouble(form, told.detail || "That was refused.");
      }
    } catch {
      trouble(form, "Not kept: the server did not answer. Try again.");
    }
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  }

  function parsed(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html.trim();
    return holder.content.firstElementChild;
  }

  function redraw(cell, told) {
    const isNewStage = cell.closest("tr").hasAttribute("data-new");
    const fresh = parsed(told.cell);
    cell.replaceWith(fresh);
    document.getElementById("ed-bar").replaceWith(parsed(told.bar));
    fresh.querySelector("[data-edit]")?.focus();
    fresh.classList.add("ed-kept");
    // A stage more than there was: with a menu of its own and an empty one behind it, unless a text is open elsewhere.
    if (isNewStage && !document.querySelector(".ed-editor")) window.location.reload();
  }

  document.addEventListener("click", (event) => {
    const target = event.target;
    const cell = target.closest("td.ed-cell");
    if (!cell) return;
    const form = target.closest(".ed-editor");
    if (target.closest("[data-cancel]")) close(cell);
    else if (target.closest("[data-forget-it]")) send(form, form.dataset.forget);
    else if (target.closest("[data-edit], .ed-said, .ed-none")) open(cell);
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".ed-editor")) return;
    event.preventDefault();
    send(event.target, event.target.dataset.write);
  });

  document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.(".ed-editor");
    if (!form) return;
    if (event.key === "Escape") close(form.closest("td"));
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });

  window.addEventListener("beforeunload", (event) => {
    const open = [...document.querySelectorAll(".ed-editor")];
    if (open.some((form) => form.elements.text.value !== form.dataset.before)) event.preventDefault();
  });
})();
