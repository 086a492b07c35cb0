// Keeps the progress of long work fresh while it moves, and asks once more before what cannot be undone.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const progress = document.querySelector(".progress[data-from]");
  if (!progress) return;

  setInterval(async () => {
    if (document.hidden || !progress.querySelector("[data-moving='yes']")) return;
    try {
      const answer = await fetch(progress.dataset.from, { credentials: "same-origin" });
      if (answer.ok && !answer.redirected) progress.innerHTML = await answer.text();
    } catch (error) {
      // The server is away for a moment; the next time will tell.
    }
  }, 2000);

  // What the page's form says, to know whether it was changed since: a step is about what was saved.
  const form = progress.closest("form");
  const said = () => form && JSON.stringify([...new FormData(form)].map(([name, value]) => [name, value.name ?? value]));
  let saved;
  window.addEventListener("load", () => { saved = said(); });

  // The steps have a form of their own: the page's form would ask whether its changes should be kept.
  progress.addEventListener("click", (event) => {
    const button = event.target.closest("button[name='_step']");
    if (!button) return;
    event.preventDefault();
    if (saved !== undefined && said() !== saved) {
      window.alert("Save your changes first. This step is about what was saved.");
      return;
    }
    if (button.dataset.question && !window.confirm(button.dataset.question)) return;
    const wish = document.createElement("form");
    wish.method = "post";
    wish.action = button.getAttribute("formaction");
    const token = document.createElement("input");
    token.type = "hidden";
    token.name = "csrfmiddlewaretoken";
    token.value = document.querySelector("[name=csrfmiddlewaretoken]").value;
    wish.append(token);
    document.body.append(wish);
    wish.submit();
  });
});
