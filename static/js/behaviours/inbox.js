/*
 * Keys of the inbox: j and k walk through it, e marks read (or new again), s opens "put off"; Enter opens, as on any link.
 *   <section data-inbox> with <li data-inbox-row> that hold [data-inbox-link], [data-inbox-read], [data-inbox-snooze]
 * After something was done the focus goes to what stands in its place, and the mark in the top bar asks for its number.
 */
(() => {
  "use strict";

  const rows = () => [...document.querySelectorAll("[data-inbox] [data-inbox-row]")];
  const linkOf = (row) => row?.querySelector("[data-inbox-link]");
  let place = -1; // of the row something was done with, until the list is drawn anew

  function here() {
    return rows().findIndex((row) => row.contains(document.activeElement));
  }

  document.addEventListener("keydown", (event) => {
    if (!document.querySelector("[data-inbox]") || !portal.takesKey(event)) return;
    const all = rows();
    if (!all.length) return;
    const at = here();
    if (event.key === "j" || event.key === "k") {
      const next = event.key === "j" ? at + 1 : Math.max(at - 1, 0);
      linkOf(all[Math.min(next, all.length - 1)])?.focus();
    } else if ((event.key === "e" || event.key === "s") && at >= 0) {
      all[at].querySelector(event.key === "e" ? "[data-inbox-read]" : "[data-inbox-snooze]")?.click();
      if (event.key === "s") all[at].querySelector("details[open] button")?.focus();
    } else return;
    event.preventDefault();
  });

  /* Only one "put off" is open, and Esc or a click elsewhere closes it. */
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && document.querySelector(".inbox-later[open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    document.querySelectorAll(".inbox-later[open]").forEach((each) => { if (!each.contains(event.target)) each.open = false; });
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.closest?.("[data-inbox-row]")) place = here();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "inbox" && !event.detail.elt?.matches?.("#inbox")) return;
    htmx.trigger(document.body, "inbox");
    if (place < 0) return;
    const all = rows();
    if (!document.querySelector('#inbox [aria-invalid="true"]')) (linkOf(all[Math.min(place, all.length - 1)]) ?? document.getElementById("main")).focus();
    place = -1;
  });
})();
