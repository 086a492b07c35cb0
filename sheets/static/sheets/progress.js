// While a file is being checked or imported, asks how far it is and shows it; shows the whole page at the end.
"use strict";

(() => {
  const PAUSE = 1000;

  async function look() {
    const here = document.getElementById("import-state");
    if (!here || !("busy" in here.dataset)) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const there = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("import-state");
      if (!there || !("busy" in there.dataset)) return location.reload();
      here.replaceChildren(...there.childNodes);
    } catch {
      // Asked again: the server may be restarting.
    }
    setTimeout(look, PAUSE);
  }
  setTimeout(look, PAUSE);
})();
