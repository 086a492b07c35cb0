// Draws the dashboard's charts and asks for fresh figures, as long as somebody looks.
"use strict";

(() => {
  const board = document.getElementById("dashboard");
  const charts = new Map();
  // What the person chose to see of each panel, kept while the figures change.
  const chosen = new Map();

  const ink = () => getComputedStyle(board).color;

  const options = () => ({
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    interaction: { mode: "index", intersect: false },
    scales: {
      x: { grid: { display: false }, ticks: { color: ink(), maxRotation: 0, autoSkipPadding: 16 } },
      y: { beginAtZero: true, ticks: { color: ink(), precision: 0 }, grid: { color: "rgba(128,128,128,.18)" } },
    },
    plugins: { legend: { labels: { color: ink(), usePointStyle: true, boxHeight: 7 } } },
  });

  const pick = (panel) => {
    const spans = JSON.parse(panel.querySelector("script[type='application/json']").textContent);
    return spans[chosen.get(panel.id)] || Object.values(spans)[0];
  };

  const draw = (panel) => {
    const canvas = panel.querySelector("canvas");
    if (!canvas) return;
    charts.get(panel.id)?.destroy();
    charts.set(panel.id, new Chart(canvas, { type: canvas.dataset.type, data: pick(panel), options: options() }));
  };

  // Parts of a panel that belong to one span of time; only that of the chosen one is shown.
  const show = (panel) => {
    const buttons = [...panel.querySelectorAll("button[data-span]")];
    if (!buttons.length) return;
    const span = chosen.get(panel.id) || buttons[0].dataset.span;
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.span === span)));
    panel.querySelectorAll("[data-of-span]").forEach((part) => (part.hidden = part.dataset.ofSpan !== span));
  };

  const dress = () => board.querySelectorAll(".panel").forEach((panel) => {
    show(panel);
    draw(panel);
  });

  board.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-span]");
    if (!button) return;
    const panel = button.closest(".panel");
    chosen.set(panel.id, button.dataset.span);
    show(panel);
    draw(panel);
  });

  const refresh = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(board.dataset.from, { credentials: "same-origin" });
      // A page that asks for a log-in is not the panels.
      if (!answer.ok || answer.redirected) return;
      const held = board.contains(document.activeElement) ? document.activeElement.id : "";
      board.innerHTML = await answer.text();
      dress();
      if (held) document.getElementById(held)?.focus();
    } catch (error) {
      // The server is away for a moment; the time above the panels tells how old they are.
    }
  };

  dress();
  setInterval(refresh, Number(board.dataset.every) * 1000);
  document.addEventListener("visibilitychange", refresh);
  // Light and dark: the theme changes a class of the document.
  new MutationObserver(dress).observe(document.documentElement, { attributeFilter: ["class"] });
})();
