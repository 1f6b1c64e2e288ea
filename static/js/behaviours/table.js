/*
 * Tables: rows that can be picked, with Shift for a range, and the bar that acts on them; frames that keys can scroll.
 *   <form data-select> around the table; data-select-all; data-select-row on each row's checkbox;
 *   data-select-bar (hidden until something is picked) with data-select-count.
 */
(() => {
  "use strict";
  let last = null;

  function refresh(form) {
    const rows = [...form.querySelectorAll("[data-select-row]")];
    const picked = rows.filter((row) => row.checked);
    const all = form.querySelector("[data-select-all]");
    if (all) {
      all.checked = rows.length > 0 && picked.length === rows.length;
      all.indeterminate = picked.length > 0 && picked.length < rows.length;
    }
    const bar = form.querySelector("[data-select-bar]");
    if (!bar) return;
    const was = bar.hidden;
    bar.hidden = picked.length === 0;
    bar.querySelector("[data-select-count]").textContent = portal.word("selected", { count: picked.length });
    if (was !== bar.hidden || picked.length) portal.announce(portal.word("selected", { count: picked.length }));
  }

  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement)) {
      const clear = box.closest("[data-select-clear]");
      if (clear) {
        const form = clear.closest("[data-select]");
        form.querySelectorAll("[data-select-row]").forEach((row) => { row.checked = false; });
        refresh(form);
      }
      return;
    }
    const form = box.closest("[data-select]");
    if (!form) return;
    const rows = [...form.querySelectorAll("[data-select-row]")];
    if (box.matches("[data-select-all]")) rows.forEach((row) => { row.checked = box.checked; });
    if (box.matches("[data-select-row]")) {
      if (event.shiftKey && last && rows.includes(last)) {
        const [from, to] = [rows.indexOf(last), rows.indexOf(box)].sort((a, b) => a - b);
        rows.slice(from, to + 1).forEach((row) => { row.checked = box.checked; });
      }
      last = box;
    }
    refresh(form);
  });

  /* A table wider than its place is scrolled by keys, too: its frame takes the focus then, and only then. */
  const frames = new ResizeObserver((entries) => entries.forEach(({ target }) => {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }));
  document.addEventListener("htmx:load", (event) => {
    event.target.querySelectorAll(".table-wrap").forEach((frame) => frames.observe(frame));
    if (event.target.matches?.(".table-wrap")) frames.observe(event.target);
  });
})();
