/*
 * Menus, popovers and dialogs, all native elements: this file places them, moves among their items and opens them.
 *   <button popovertarget="x"> + <div id="x" popover class="menu" role="menu"> or class="popover"
 *   <button data-dialog="id"> opens <dialog id>; data-close inside closes; a click on the backdrop closes.
 *   data-load="url" on a popover: fetched with htmx the first time it opens (the scope switcher).
 */
(() => {
  "use strict";
  const GAP = 6;
  const EDGE = 8;

  function openerOf(popover) {
    return document.querySelector(`[popovertarget="${CSS.escape(popover.id)}"]:is([aria-expanded="true"], :focus)`)
      ?? document.querySelector(`[popovertarget="${CSS.escape(popover.id)}"]`);
  }

  function place(popover) {
    const opener = openerOf(popover);
    if (!opener) return;
    const at = opener.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = popover;
    const fitsBelow = at.bottom + GAP + height <= innerHeight - EDGE;
    const fitsRight = at.left + width <= innerWidth - EDGE;
    const left = fitsRight ? at.left : at.right - width;
    popover.style.top = `${Math.max(EDGE, fitsBelow ? at.bottom + GAP : Math.max(EDGE, at.top - GAP - height))}px`;
    popover.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - width - EDGE))}px`;
  }

  const itemsOf = (menu) => [...menu.querySelectorAll(".menu-item:not([disabled])")].filter((item) => item.offsetParent !== null);

  // 'toggle' does not bubble, so it is heard while it goes down.
  document.addEventListener("toggle", (event) => {
    const popover = event.target;
    if (!(popover instanceof HTMLElement) || !popover.matches(".menu, .popover")) return;
    const open = event.newState === "open";
    document.querySelectorAll(`[popovertarget="${CSS.escape(popover.id)}"]`).forEach((opener) => opener.setAttribute("aria-expanded", String(open)));
    if (!open) return;
    if (popover.dataset.load) {
      const url = popover.dataset.load;
      delete popover.dataset.load;
      htmx.ajax("GET", url, { target: popover, swap: "innerHTML" }).then(() => place(popover));
    }
    place(popover);
    if (popover.matches('[role="menu"]')) itemsOf(popover)[0]?.focus();
  }, true);

  document.addEventListener("keydown", (event) => {
    const menu = event.target instanceof Element ? event.target.closest(".menu") : null;
    if (!menu) return;
    const items = itemsOf(menu);
    const here = items.indexOf(document.activeElement);
    const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: items.length - 1 }[event.key];
    if (next !== undefined && items.length) {
      event.preventDefault();
      items[(next + items.length) % items.length].focus();
    } else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !portal.isTyping(event.target)) {
      const found = [...items.slice(here + 1), ...items].find((item) => item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()));
      if (found) { event.preventDefault(); found.focus(); }
    } else if (event.key === "Tab" && menu.matches('[role="menu"]')) {
      menu.hidePopover();
    }
  });

  document.addEventListener("click", (event) => {
    const item = event.target.closest(".menu-item");
    if (item && !item.hasAttribute("data-stay")) item.closest("[popover]")?.hidePopover();

    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialog);
      if (dialog && !dialog.open) {
        event.preventDefault();
        dialog.showModal();
      }
    }
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
    if (event.target instanceof HTMLDialogElement && event.target.matches(".dialog")) {
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside && event.detail > 0) event.target.close();
    }
  });

  /* A dialog fetched from the server: <dialog class="dialog" data-open> in the answer opens by itself, and is gone when closed. */
  document.addEventListener("htmx:load", (event) => {
    const dialog = event.detail.elt.matches?.("dialog[data-open]") ? event.detail.elt : event.detail.elt.querySelector?.("dialog[data-open]");
    if (!dialog || dialog.open) return;
    dialog.addEventListener("close", () => dialog.remove(), { once: true });
    dialog.showModal();
  });
  document.addEventListener("closeDialog", () => document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close()));

  window.addEventListener("resize", () => {
    document.querySelectorAll("[popover]:popover-open").forEach((popover) => popover.matches(".menu, .popover") && place(popover));
  });
})();
