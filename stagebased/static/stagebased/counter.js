// Beside each text: how many characters and parts it has, which character makes it dear, and a button that mends it.
// The server counts, because it is what sends.
"use strict";

(() => {
  const PAUSE = 180; // milliseconds after the last key before the server is asked
  const NAMED = 3; // characters without a plain one for them that are named
  const AREAS = "textarea[data-counter-url]";
  const shown = new WeakMap(); // text area -> {box, asked}

  function element(tag, className, text) {
    const made = document.createElement(tag);
    made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function boxOf(area) {
    if (!shown.has(area)) {
      const box = element("div", "ed-counter");
      box.setAttribute("aria-live", "polite");
      area.insertAdjacentElement("afterend", box);
      shown.set(area, { box, asked: 0, timer: 0 });
    }
    return shown.get(area);
  }

  /** Which channel counts: that of a set, or what another field of the page says. */
  function scope(area) {
    const { counterSet, counterFrom } = area.dataset;
    if (counterSet) return { set: counterSet };
    const field = document.querySelector(counterFrom);
    if (!field || !field.value) return null;
    return field.name === "channel" ? { channel: field.value } : { set: field.value };
  }

  function token() {
    const field = document.querySelector("input[name=csrfmiddlewaretoken]");
    return field ? field.value : "";
  }

  async function ask(areas) {
    const where = scope(areas[0]);
    if (!where) return;
    const tickets = areas.map((area) => ++boxOf(area).asked);
    try {
      const answer = await fetch(areas[0].dataset.counterUrl, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
        body: JSON.stringify({ ...where, texts: areas.map((area) => area.value) }),
      });
      if (!answer.ok) throw new Error(answer.statusText);
      const { counts } = await answer.json();
      areas.forEach((area, index) => {
        // An answer to an older text than the latest one is not shown.
        if (boxOf(area).asked === tickets[index]) show(area, counts[index]);
      });
    } catch {
      areas.forEach((area) => boxOf(area).box.replaceChildren(element("span", "ed-subtle", "Not counted: no answer.")));
    }
  }

  const many = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

  function show(area, count) {
    const { box } = boxOf(area);
    const facts = [many(count.characters, "character")];
    if (count.encoding) facts.push(count.encoding);
    if (count.parts) facts.push(many(count.parts, "part"));
    if (count.parts && count.encoding) facts.push(`${count.left} left`);
    if (count.cost) facts.push(count.cost);
    const line = element("span", count.parts > 1 || count.problem ? "ed-note" : "ed-subtle", facts.join(" · "));
    line.dataset.parts = count.parts;
    box.replaceChildren(line);
    if (count.problem) box.append(element("span", "ed-error", count.problem));
    const mendable = count.odd.filter((odd) => odd.replacement !== null);
    // In another script every letter is one: no list of an alphabet.
    const named = [...mendable, ...count.odd.filter((odd) => odd.replacement === null).slice(0, NAMED)];
    for (const odd of named) box.append(chip(area, odd));
    if (count.odd.length > named.length) {
      box.append(element("span", "ed-note", `and ${count.odd.length - named.length} more`));
    }
    if (mendable.length > 1) {
      const all = element("button", "ed-mend", "Replace all");
      all.type = "button";
      all.addEventListener("click", () => mend(area, mendable));
      box.append(all);
    }
    area.dispatchEvent(new CustomEvent("counted", { bubbles: true, detail: count }));
  }

  function visible(character) {
    return /^[\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}\p{M}]$/u.test(character) ? "" : character;
  }

  function chip(area, odd) {
    const made = element("span", "ed-odd");
    if (visible(odd.character)) made.append(element("b", "", odd.character), " ");
    made.append(odd.name + (odd.times > 1 ? ` ×${odd.times}` : ""));
    if (odd.replacement !== null) {
      const words = odd.replacement.trim() ? `Use ${odd.replacement}` : odd.replacement ? "Use a space" : "Leave out";
      const button = element("button", "ed-mend", words);
      button.type = "button";
      button.addEventListener("click", () => mend(area, [odd]));
      made.append(button);
    }
    return made;
  }

  function mend(area, odds) {
    let text = area.value;
    for (const odd of odds) text = text.replaceAll(odd.character, odd.replacement);
    area.value = text;
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.dispatchEvent(new Event("change", { bubbles: true }));
    area.focus();
  }

  function later(area, pause) {
    const state = boxOf(area);
    clearTimeout(state.timer);
    state.timer = setTimeout(() => ask([area]), pause);
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches?.(AREAS)) later(event.target, PAUSE);
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches?.(AREAS) && !shown.has(event.target)) later(event.target, 0);
  });

  /** All texts that are there now, in one question for each channel. */
  function askAll() {
    const groups = new Map();
    for (const area of document.querySelectorAll(AREAS)) {
      if (!area.value || area.name.includes("__prefix__") || shown.has(area)) continue;
      const key = JSON.stringify(scope(area));
      groups.set(key, [...(groups.get(key) || []), area]);
    }
    for (const areas of groups.values()) ask(areas);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", askAll);
  else askAll();
})();
