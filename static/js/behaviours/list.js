/*
 * Lists (templates/components/list/; what they are asked: list_ask.js): keys, cells edited in place, many rows at once, what a row is made of.
 *   [data-list data-url data-cell-url data-bulk-url]   the list; tr[data-row] its rows, [data-cell] what is edited
 *   a[data-also]            where a click with Shift leads: sorted also by this
 *   [data-expand]           fetches the rows a row is made of
 *   [data-order] > [data-order-item] [data-order-by]   moved up and down in their list
 * The keys: j k rows, x picks, arrows go from cell to cell, Enter edits, Tab saves and edits the next cell, Esc restores.
 */
(() => {
  "use strict";
  const listOf = () => document.querySelector("[data-list]");
  const rowsOf = () => [...document.querySelectorAll("[data-list] tr[data-row]")];
  const stopsOf = (row) => [...row.querySelectorAll("a.row-link, [data-cell]")];
  const rowOf = (element) => (element instanceof Element ? element.closest("[data-list] tr[data-row]") : null);
  let lastPicked = null;

  /* ---- rows and cells by keys ---- */

  function goTo(row, column = 0) {
    const stops = stopsOf(row);
    const stop = stops[Math.min(column, stops.length - 1)];
    if (!stop) return;
    stop.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  function step(by) {
    const rows = rowsOf();
    const here = rows.indexOf(rowOf(document.activeElement));
    const next = rows[here < 0 ? (by > 0 ? 0 : rows.length - 1) : here + by];
    if (next) goTo(next);
  }

  function pick(row, withRange) {
    const box = row.querySelector("[data-select-row]");
    if (!box) return;
    const rows = rowsOf();
    const from = rows.indexOf(lastPicked);
    if (withRange && from >= 0) {
      const [first, last] = [from, rows.indexOf(row)].sort((a, b) => a - b);
      rows.slice(first, last + 1).forEach((each) => {
        const other = each.querySelector("[data-select-row]");
        if (other && !other.checked) other.click();
      });
    } else {
      box.click();
    }
    lastPicked = row;
    goTo(row);
  }

  document.addEventListener("keydown", (event) => {
    if (!listOf() || !portal.takesKey(event) || document.querySelector("[popover]:popover-open")) return;
    const row = rowOf(document.activeElement);
    if (event.key === "j" || event.key === "k") {
      event.preventDefault();
      step(event.key === "j" ? 1 : -1);
    } else if (row && event.key.toLowerCase() === "x") {
      event.preventDefault();
      pick(row, event.shiftKey);
    } else if (row && document.activeElement.matches("a.row-link, [data-cell]")) {
      const stops = stopsOf(row);
      const column = stops.indexOf(document.activeElement);
      const rows = rowsOf();
      const next = {
        ArrowRight: () => stops[column + 1]?.focus(),
        ArrowLeft: () => stops[column - 1]?.focus(),
        ArrowDown: () => { const below = rows[rows.indexOf(row) + 1]; if (below) goTo(below, column); },
        ArrowUp: () => { const above = rows[rows.indexOf(row) - 1]; if (above) goTo(above, column); },
      }[event.key];
      if (next) { event.preventDefault(); next(); }
    }
  });

  /* ---- sorting with Shift; the order of columns ---- */

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-also]");
    if (!link || !event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    portal.list.ask(link.dataset.also);
  }, true);

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-order-by]");
    const item = button?.closest("[data-order-item]");
    if (!item) return;
    const beside = Number(button.dataset.orderBy) < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (!beside?.matches("[data-order-item]")) return;
    if (Number(button.dataset.orderBy) < 0) beside.before(item); else beside.after(item);
    button.focus();
    portal.announce(item.textContent.trim());
  });

  /* What a tool holds is fetched when it opens: then the focus goes in. */
  document.addEventListener("htmx:afterSettle", (event) => {
    const opened = event.detail.target;
    if (!opened?.matches?.("#list-filter, #list-sort, #list-views, #list-facet")) return;
    if (opened.contains(document.activeElement) && portal.isTyping(document.activeElement)) return;
    opened.querySelector(".menu-item, input:not([type=hidden]), a, button")?.focus();
  });

  /* What forms send is long; the same question has one short address, which stands there in its place. */
  document.addEventListener("htmx:afterSettle", () => {
    const list = listOf();
    if (!list || portal.panel?.isOpen()) return;
    const here = new URL(list.dataset.url, location.href);
    if (here.pathname === location.pathname && here.search !== location.search && location.search) history.replaceState(history.state, "", here.href);
  });

  /* ---- a cell edited in place ---- */

  const kept = new WeakMap(); // the place of a form -> what stood there
  let byPointer = false;
  const fieldOf = (form) => form.querySelector("input:not([type=hidden]), select, textarea");

  /* The nodes of an answer: table rows, which stand in no other place, or whatever it is made of. */
  function nodesOf(html, kind) {
    const body = new DOMParser().parseFromString(kind === "tr" ? `<table>${html}</table>` : html, "text/html").body;
    return kind === "tr" ? [...body.querySelectorAll("tr")] : [...body.childNodes];
  }

  async function edit(button) {
    const list = listOf();
    const place = button.closest("td, th");
    const row = rowOf(button);
    if (!list?.dataset.cellUrl || !row || place.querySelector("[data-cell-form]")) return;
    const asked = new URL(list.dataset.url, location.href).searchParams; // the row comes back with the same columns
    asked.set("id", row.dataset.row);
    asked.set("field", button.dataset.cell);
    const url = `${list.dataset.cellUrl}?${asked}`;
    const answer = await portal.send(url, { target: "cell" }).catch(() => null);
    if (!answer?.ok) { refuse(answer); return; }
    const html = await answer.text();
    if (!place.isConnected) return;
    kept.set(place, [...place.childNodes]);
    show(place, html);
  }

  function show(place, html) {
    place.replaceChildren(...nodesOf(html, "form")); // what an answer says is inert until it stands in the page
    const field = fieldOf(place);
    const form = place.querySelector("[data-cell-form]");
    if (field && !form.querySelector(".field-error, .conflict")) form.dataset.before = field.value;
    field?.focus();
    if (field?.select && field.tagName !== "SELECT") field.select();
  }

  function refuse(answer) {
    if (answer?.headers.get("HX-Trigger")) portal.fireTriggers(answer);
    else portal.toast({ text: portal.word(answer ? (answer.status === 403 ? "refused" : answer.status === 404 ? "gone" : "failed") : "offline"), kind: "error" });
  }

  function restore(place) {
    place.replaceChildren(...(kept.get(place) ?? []));
    (place.querySelector("[data-cell]") ?? place.querySelector("a"))?.focus();
  }

  async function save(form, { then = "stay" } = {}) {
    if (form.dataset.saving) return;
    const place = form.closest("td, th");
    const row = rowOf(form);
    const name = form.elements.field.value;
    const field = fieldOf(form);
    const isSame = field && field.value === form.dataset.before && !form.querySelector(".conflict");
    let fresh = row;
    if (isSame) {
      place.replaceChildren(...(kept.get(place) ?? []));
    } else {
      form.dataset.saving = "1";
      const answer = await portal.send(form.action, { method: "POST", form: new FormData(form), target: "cell" }).catch(() => null);
      if (!answer || ![200, 409, 422].includes(answer.status)) { delete form.dataset.saving; refuse(answer); return; }
      const html = await answer.text();
      // Where the list was drawn again meanwhile, the row stands there; a refusal has no place any more.
      const there = row.isConnected ? row : document.getElementById(row.id);
      if (answer.status !== 200 && row.isConnected) { show(place, html); return; }
      if (answer.status !== 200 || !there) { portal.fireTriggers(answer); return; }
      [fresh] = nodesOf(html, "tr");
      const wasPicked = there.querySelector("[data-select-row]")?.checked;
      there.replaceWith(fresh);
      htmx.process(fresh);
      if (wasPicked) fresh.querySelector("[data-select-row]").checked = true;
      portal.fireTriggers(answer);
    }
    const cells = [...fresh.querySelectorAll("[data-cell]")];
    const here = cells.findIndex((each) => each.dataset.cell === name);
    if (then === "stay") { cells[here]?.focus(); return; }
    if (then === "leave") return;
    const rows = rowsOf();
    const beside = rows[rows.indexOf(fresh) + (then === "next" ? 1 : -1)];
    const others = beside ? [...beside.querySelectorAll("[data-cell]")] : [];
    const next = cells[here + (then === "next" ? 1 : -1)] ?? (then === "next" ? others[0] : others.at(-1));
    if (next) { next.focus(); edit(next); } else cells[here]?.focus();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-cell]");
    if (button && !event.defaultPrevented) edit(button);
    const cancel = event.target.closest?.("[data-cell-cancel]");
    if (cancel) restore(cancel.closest("td, th"));
  });
  document.addEventListener("dblclick", (event) => {
    const button = event.target.closest?.("[data-list] td, [data-list] th")?.querySelector("[data-cell]");
    if (button) edit(button);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest?.("[data-cell-form]");
    if (!form) return;
    event.preventDefault();
    save(form);
  });
  document.addEventListener("keydown", (event) => {
    const form = event.target instanceof Element ? event.target.closest("[data-cell-form]") : null;
    if (!form) return;
    byPointer = false;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      restore(form.closest("td, th"));
    } else if (event.key === "Enter" && event.target.matches("input, select")) {
      event.preventDefault();
      save(form);
    } else if (event.key === "Tab" && !event.altKey && !event.ctrlKey && !form.querySelector(".conflict")) {
      event.preventDefault();
      save(form, { then: event.shiftKey ? "back" : "next" });
    }
  }, true);
  document.addEventListener("pointerdown", (event) => { byPointer = Boolean(event.target.closest?.("[data-cell-form] select")); });
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("[data-cell-form]");
    if (form && event.target.matches("select") && byPointer) save(form);
  });
  document.addEventListener("focusout", (event) => {
    const form = event.target instanceof Element ? event.target.closest("[data-cell-form]") : null;
    if (!form || form.contains(event.relatedTarget) || form.dataset.saving || !document.hasFocus()) return;
    if (form.querySelector(".conflict, [aria-invalid=true]")) return; // the person decides, not a lost focus
    if (form.isConnected) save(form, { then: "leave" });
  });

  /* ---- many rows at once ---- */

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-bulk]");
    const list = listOf();
    if (!button || !list?.dataset.bulkUrl) return;
    event.preventDefault();
    const ids = [...list.querySelectorAll("[data-select-row]:checked")].map((box) => box.value);
    const isAll = list.querySelector("[data-bulk-all]")?.checked;
    const query = new URL(list.dataset.url, location.href).searchParams; // all that fit is what the list is asked now
    query.set("field", button.value);
    if (isAll) query.set("all", "1"); else query.set("ids", ids.join(","));
    htmx.ajax("GET", `${list.dataset.bulkUrl}?${query}`, { target: "body", swap: "beforeend" });
  });

  document.addEventListener("listChanged", () => portal.list.renew());
  document.addEventListener("undone", (event) => {
    const list = listOf();
    if (!list) return;
    event.preventDefault();
    if (document.activeElement === document.body) { // the button that was pressed is gone
      const row = list.querySelector("[data-select-row]:checked")?.closest("tr") ?? list;
      (row.querySelector("a.row-link") ?? list.querySelector(".list-wrap"))?.focus({ preventScroll: true });
    }
    portal.list.renew();
  });

  /* What was picked stays picked when the same list is drawn again; another question picks nothing. */
  let picked = { url: "", ids: new Set() };
  document.addEventListener("click", () => setTimeout(() => {
    const list = listOf();
    if (!list) return;
    picked = { url: list.dataset.url, ids: new Set([...list.querySelectorAll("[data-select-row]:checked")].map((box) => box.value)) };
  }));
  document.addEventListener("htmx:afterSettle", () => {
    const list = listOf();
    if (!list || !picked.ids.size || !portal.list.isSame(list.dataset.url, picked.url)) return;
    list.querySelectorAll("[data-select-row]:not(:checked)").forEach((box) => { if (picked.ids.has(box.value)) box.click(); });
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-select-clear]")) return;
    document.querySelectorAll("[data-bulk-all]").forEach((box) => { box.checked = false; });
  });

  /* ---- what a row is made of ---- */

  const depthOf = (row) => Number(row.dataset.depth ?? 0);

  function fold(row) {
    for (let next = row.nextElementSibling; next && depthOf(next) > depthOf(row); next = row.nextElementSibling) next.remove();
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-expand]");
    const row = rowOf(button);
    if (!row) return;
    if (button.getAttribute("aria-expanded") === "true") {
      fold(row);
      button.setAttribute("aria-expanded", "false");
      return;
    }
    button.setAttribute("aria-expanded", "true");
    const url = new URL(button.dataset.expand, location.href);
    const asked = new URL(listOf().dataset.url, location.href).searchParams.get("cols");
    if (asked) url.searchParams.set("cols", asked);
    if (listOf().querySelector("[data-select-all]")) url.searchParams.set("pick", "1");
    const answer = await portal.send(url.href, { target: "rows" }).catch(() => null);
    if (!answer?.ok) { button.setAttribute("aria-expanded", "false"); refuse(answer); return; }
    const parts = nodesOf(await answer.text(), "tr");
    row.after(...parts);
    parts.forEach((part) => htmx.process(part));
  });
})();
