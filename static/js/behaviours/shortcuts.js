/*
 * Single-key shortcuts and the '?' dialog that lists them.
 *   data-shortcut="n" on a link, button or field: the key clicks or focuses it; its label is data-shortcut-label,
 *     aria-label or its text.
 *   <template data-shortcuts> with <dt><kbd>..</kbd></dt><dd>..</dd>: further lines, for keys a behaviour handles.
 */
(() => {
  "use strict";

  function labelOf(element) {
    return element.dataset.shortcutLabel || element.getAttribute("aria-label") || element.getAttribute("placeholder") || element.textContent.trim();
  }

  function fill(list) {
    list.replaceChildren();
    document.querySelectorAll("[data-shortcut]").forEach((element) => {
      const term = document.createElement("dt");
      const key = document.createElement("kbd");
      key.textContent = element.dataset.shortcut;
      term.append(key);
      const text = document.createElement("dd");
      text.textContent = labelOf(element);
      list.append(term, text);
    });
    document.querySelectorAll("template[data-shortcuts]").forEach((template) => list.append(template.content.cloneNode(true)));
  }

  function openHelp() {
    const dialog = document.getElementById("shortcuts");
    if (!dialog || dialog.open) return;
    fill(dialog.querySelector("[data-shortcut-list]"));
    const toggle = dialog.querySelector("[data-keys-toggle]");
    toggle.checked = portal.keysAreOn();
    dialog.showModal();
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-keys-toggle]")) localStorage.setItem("portal-keys", event.target.checked ? "on" : "off");
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-shortcuts]")) openHelp();
  });

  document.addEventListener("keydown", (event) => {
    if (!portal.takesKey(event)) return;
    if (event.key === "?") { event.preventDefault(); openHelp(); return; }
    const wanted = `[data-shortcut="${CSS.escape(event.key)}"]`;
    // What is open beside the page comes before the page.
    const element = [...document.querySelectorAll(`#panel ${wanted}`), ...document.querySelectorAll(wanted)].find((each) => each.getClientRects().length);
    if (!element) return;
    event.preventDefault();
    if (portal.isTyping(element)) { element.focus(); element.select?.(); } else element.click();
  });
})();
