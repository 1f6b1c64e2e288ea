/*
 * What a list is asked (templates/components/list/): every request whose target is #list, by a link, a form or a script.
 * One question is on its way at a time, the latest: it takes along what the one before it had changed, and lets go of it.
 *   portal.list.ask(url, { replace })   asks; the address is a new step back, or takes the place of this one
 *   portal.list.renew()                 the same question again, after what is on its way
 *   portal.list.url()                   the address asked last: what another question builds on
 *   portal.list.isSame(one, other)      whether two addresses show the same rows, however they look
 * What had the focus has it again in the list that comes, and what was scrolled is where it was.
 */
(() => {
  "use strict";
  const LOOKS = ["cols", "col", "wide", "freeze", "since"];
  const listOf = () => document.querySelector("[data-list]");
  const isAsked = (event) => event.detail.target?.id === "list" && Boolean(listOf());
  const full = (url) => new URL(url, location.href);

  let onWay = null; // { xhr, url, pushes }
  let how = null; // what ask() says of the request that htmx is making of it
  let isStale = false; // something changed after the question on its way was asked

  const url = () => full(onWay?.url ?? listOf().dataset.url);

  function ask(address, { replace = false, quiet = false } = {}) {
    const pushes = !quiet && (!replace || Boolean(onWay?.pushes));
    onWay?.xhr.abort();
    how = { pushes, isQuiet: quiet };
    // From what the list stands in: it has no request of its own that this one would have to wait for.
    const source = listOf().parentElement;
    const told = pushes ? { push: "true" } : quiet ? {} : { replace: "true" };
    htmx.ajax("GET", full(address).href, { source, target: "#list", swap: "outerHTML", ...told }).catch(() => {});
    how = null;
  }

  function renew() {
    if (!listOf()) return;
    if (onWay) isStale = true;
    else ask(listOf().dataset.url, { quiet: true });
  }

  /* What a link or a form changes of the question it was drawn with, changed in the one that is on its way. */
  function taken(wanted, drawn, base) {
    const told = (from, name) => from.searchParams.getAll(name);
    for (const name of new Set([...wanted.searchParams.keys(), ...drawn.searchParams.keys()])) {
      const values = told(wanted, name);
      if (String(values) === String(told(drawn, name)) && values.length === told(drawn, name).length) continue;
      base.searchParams.delete(name);
      values.forEach((value) => base.searchParams.append(name, value));
    }
    if (!wanted.searchParams.has("page")) base.searchParams.delete("page"); // another question begins at its first page
    if (!base.search) base.searchParams.set("view", "0");
    return base;
  }

  document.addEventListener("htmx:configRequest", (event) => {
    const { detail } = event;
    if (!isAsked(event) || !onWay || how) return;
    const [wanted, drawn] = [full(detail.path), full(listOf().dataset.url)];
    if (wanted.pathname !== drawn.pathname) return;
    [...detail.formData].forEach(([name, value]) => { wanted.searchParams.append(name, value); detail.formData.delete(name); });
    detail.path = taken(wanted, drawn, url()).href;
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isAsked(event)) return;
    const { xhr, pathInfo } = event.detail;
    const before = onWay;
    onWay = { xhr, url: pathInfo.finalRequestPath, pushes: how ? how.pushes : true };
    isStale = false;
    if (!how?.isQuiet) leavePanel();
    before?.xhr.abort();
    // Typing that waited behind the one before has asked meanwhile, and took this question along.
    if (onWay.xhr !== xhr) { event.preventDefault(); return; }
    xhr.addEventListener("loadend", () => {
      if (onWay?.xhr !== xhr) return;
      onWay = null;
      if (isStale) renew();
    });
  });

  /* Another question closes the panel: its address is the list's again. */
  function leavePanel() {
    if (!portal.panel?.isOpen()) return;
    portal.panel.close({ back: false });
    history.replaceState({ htmx: true }, "", listOf().dataset.url);
  }

  function isSame(one, other) {
    const [first, second] = [full(one), full(other)].map((each) => {
      LOOKS.forEach((name) => each.searchParams.delete(name));
      if (each.searchParams.get("view") === "0") each.searchParams.delete("view");
      return each.href;
    });
    return first === second;
  }

  /* ---- focus and scrolling ---- */

  let place = null;
  const rowsOf = (list) => [...list.querySelectorAll("tr[data-row]")];
  const stops = (within) => [...within.querySelectorAll("a, button, input, [data-grip], .list-wrap")].filter((each) => !each.closest("[popover]"));
  /* Told apart by what it is for, without the numbers in it: these change. */
  const sign = (each) => [each.tagName, each.dataset.grip ?? each.dataset.cell ?? each.getAttribute("popovertarget")
    ?? each.getAttribute("aria-label") ?? each.textContent.replace(/[\d\s.,]+/g, " ").trim()].join(" ");

  function placeOf(list) {
    const { scrollLeft = 0, scrollTop = 0 } = list.querySelector(".list-wrap") ?? {};
    const found = { url: list.dataset.url, scrollLeft, scrollTop };
    let focused = document.activeElement;
    if (!list.contains(focused)) return found;
    const popover = focused.closest("[popover]");
    if (popover) focused = list.querySelector(`[popovertarget="${CSS.escape(popover.id)}"]`) ?? focused;
    const row = focused.closest("tr[data-row]");
    return { ...found, sign: sign(focused), row: row?.id, number: rowsOf(list).indexOf(row), isLast: focused.rel === "next" };
  }

  function goBack(list, { sign: wanted, row: id, number, isLast }) {
    const rows = rowsOf(list);
    const row = id ? document.getElementById(id) ?? rows[Math.min(number, rows.length - 1)] : null;
    const again = stops(row ?? list).find((each) => sign(each) === wanted)
      ?? row?.querySelector("a.row-link")
      ?? (isLast ? list.querySelector("[rel=prev]") : null)
      ?? list.querySelector(".list-wrap, .empty a, .chip");
    again?.focus({ preventScroll: true });
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    place = isAsked(event) && event.detail.shouldSwap ? placeOf(listOf()) : null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    const list = listOf();
    if (!place || !list) return;
    const was = place;
    place = null;
    const wrap = list.querySelector(".list-wrap");
    if (wrap) {
      wrap.scrollLeft = was.scrollLeft;
      if (isSame(was.url, list.dataset.url)) wrap.scrollTop = was.scrollTop;
    }
    // When everybody has dressed the new list: the bar of what is picked is in sight again by then.
    queueMicrotask(() => { if (was.sign && document.activeElement === document.body) goBack(listOf() ?? list, was); });
    // What was typed and lost to another question does not stay as if it were asked.
    const typed = document.querySelector("[data-list-search] [name=q]");
    if (typed && typed !== document.activeElement) typed.value = full(list.dataset.url).searchParams.get("q") ?? "";
  });

  window.portal.list = { ask, renew, url, isSame };
})();
