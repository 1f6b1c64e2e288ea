/*
 * Search and command palette: Ctrl-K (or Cmd-K) anywhere. The server finds (hx-get, only what this person may see);
 * arrows move, Enter goes. Markup: components/palette.html; options have role="option" and an id.
 */
(() => {
  "use strict";
  const dialog = () => document.getElementById("palette");
  const options = () => [...dialog().querySelectorAll('[role="option"]')];

  function select(option) {
    const input = dialog().querySelector("input");
    options().forEach((each) => each.setAttribute("aria-selected", String(each === option)));
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function open() {
    const palette = dialog();
    if (!palette || palette.open) return;
    palette.showModal();
    const input = palette.querySelector("input");
    input.select();
    htmx.trigger(input, "palette-open");
  }

  document.addEventListener("keydown", (event) => {
    const palette = dialog();
    if (!palette) return;
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      if (palette.open) palette.close();
      else open();
      return;
    }
    if (!palette.open || !palette.contains(event.target)) return;
    const all = options();
    const here = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (all.length) select(all[(here + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
    } else if (event.key === "Enter" && all.length) {
      event.preventDefault();
      const chosen = all[Math.max(here, 0)];
      if (event.ctrlKey || event.metaKey) window.open(chosen.href, "_blank", "noopener");
      else chosen.click();
    } else if (event.key === "Escape") {
      event.preventDefault(); // a search field would only empty itself
      palette.close();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette]")) { event.preventDefault(); open(); }
    if (event.target.closest("#palette [role=option]")) dialog().close();
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== "palette-results") return;
    const all = options();
    select(all[0]);
    portal.announce(all.length ? portal.word("results", { count: all.length }) : portal.word("no_results"));
  });
})();
