/*
 * Widths of the columns of a list: dragged at their right edge, or changed with the arrow keys. They are part of the
 * list's address ("wide"), so a saved view keeps them.
 *   [data-grip="code"]   the edge of a column, a separator one can focus; a double-click gives the usual width back
 */
(() => {
  "use strict";
  const [narrowest, widest, step] = [60, 900, 16];
  let held = null; // { grip, from, width }

  const clamp = (width) => Math.round(Math.min(Math.max(width, narrowest), widest));
  const headOf = (grip) => grip.closest("th");

  function show(grip, width) {
    const head = headOf(grip);
    const place = head.cellIndex;
    for (const row of head.closest("table").rows) {
      const cell = row.cells[place];
      if (!cell || cell.colSpan > 1) continue;
      cell.dataset.w = "";
      cell.style.setProperty("--w", `${width}px`);
    }
    grip.setAttribute("aria-valuenow", width);
  }

  /* The address with other widths: pixels by column, null for the usual one. */
  function keep(changes) {
    const url = portal.list.url();
    const widths = new Map((url.searchParams.get("wide") ?? "").split(",").filter(Boolean).map((each) => {
      const dot = each.lastIndexOf(".");
      return [each.slice(0, dot), each.slice(dot + 1)];
    }));
    changes.forEach((width, code) => { if (width === null) widths.delete(code); else widths.set(code, width); });
    const wide = [...widths].map(([code, each]) => `${code}.${each}`).join(",");
    if (wide) url.searchParams.set("wide", wide); else url.searchParams.delete("wide");
    if (!url.search) url.searchParams.set("view", "0");
    portal.list.ask(url.href, { replace: true });
  }

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.("[data-grip]");
    if (!grip || event.button !== 0) return;
    event.preventDefault();
    held = { grip, from: event.clientX, width: headOf(grip).getBoundingClientRect().width, now: null };
    grip.setPointerCapture(event.pointerId);
    grip.classList.add("is-held");
  });
  document.addEventListener("pointermove", (event) => {
    if (!held) return;
    held.now = clamp(held.width + event.clientX - held.from);
    show(held.grip, held.now);
  });
  document.addEventListener("pointerup", () => {
    if (!held) return;
    const { grip, now } = held;
    held = null;
    grip.classList.remove("is-held");
    if (now !== null) keep(new Map([[grip.dataset.grip, now]]));
  });
  document.addEventListener("pointercancel", () => { held?.grip.classList.remove("is-held"); held = null; });
  document.addEventListener("dblclick", (event) => {
    const grip = event.target.closest?.("[data-grip]");
    if (grip) keep(new Map([[grip.dataset.grip, null]]));
  });

  let timer = 0; // several presses are one change of the address
  let pressed = new Map();
  document.addEventListener("keydown", (event) => {
    const grip = event.target instanceof Element ? event.target.closest("[data-grip]") : null;
    if (!grip) return;
    const by = { ArrowLeft: -step, ArrowRight: step }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const width = clamp(headOf(grip).getBoundingClientRect().width + by);
    show(grip, width);
    pressed.set(grip.dataset.grip, width);
    clearTimeout(timer);
    timer = setTimeout(() => {
      const changes = pressed;
      pressed = new Map();
      if (document.querySelector("[data-list]")) keep(changes);
    }, 500);
  }, true);
})();
