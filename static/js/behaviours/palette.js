/*
 * Search and command palette: Ctrl-K (or Cmd-K) anywhere. The server finds (hx-get, only what this person may see); what
 * the page itself offers (its buttons, its tabs, the keys it lists, one's own menu) is added here and pressed in its place.
 * Arrows move, Enter goes. Markup: components/palette.html; options have role="option" and an id.
 */
(() => {
  "use strict";
  const MOST_HERE = 6;
  const dialog = () => document.getElementById("palette");
  const results = () => document.getElementById("palette-results");
  const field = () => dialog().querySelector("input[type=search]");
  const options = () => [...dialog().querySelectorAll('[role="option"]')];
  const runs = new WeakMap(); // option -> the control of the page that it stands for
  let awaited = null; // Enter came before the answer to what was typed

  function select(option) {
    const input = field();
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
    awaited = null;
    palette.showModal();
    const input = field();
    input.select();
    htmx.trigger(input, "palette-open");
  }

  /* -- what this page offers --------------------------------------------------------------------------------------- */

  const HERE = ".page-head-actions :is(a, button), .btn-row :is(a, button), [data-shortcut], .tabs a.tab, summary.btn";
  const ME = "#me :is([data-set-theme], [data-open-shortcuts], button[type=submit])";

  function nameOf(control) {
    const text = control.dataset.shortcutLabel || control.getAttribute("aria-label") || control.getAttribute("placeholder");
    const copy = control.cloneNode(true);
    copy.querySelectorAll(".nav-count, .hint, kbd").forEach((each) => each.remove());
    return (text || copy.textContent).replace(/\s+/g, " ").trim();
  }

  /* The thing that is open beside the page comes before the page; what cannot be seen there is not offered. */
  function controls(titles) {
    const panel = portal.panel?.isOpen() ? document.getElementById("panel") : null;
    const shown = [panel, document.getElementById("main")].filter(Boolean)
      .flatMap((place) => [...place.querySelectorAll(HERE)])
      .filter((each) => each.getClientRects().length && !each.disabled && each.getAttribute("aria-current") !== "page");
    const here = shown.map((control) => ({ control, name: nameOf(control), title: titles.hereTitle, icon: "corner-down-right" }));
    const me = [...document.querySelectorAll(ME)].map((control) => ({
      control,
      name: [control.closest("[role=group]")?.getAttribute("aria-label"), nameOf(control)].filter(Boolean).join(": "),
      title: titles.meTitle,
      icon: "user-round",
    }));
    const names = new Set();
    return [...here, ...me].filter(({ name }) => name && !names.has(name) && names.add(name));
  }

  function fits(name, words) {
    const said = ` ${name.toLowerCase()}`;
    return words.every((word) => said.includes(` ${word}`));
  }

  function optionOf({ control, name, icon }, id) {
    const option = document.createElement("div");
    option.className = "palette-option";
    option.id = id;
    option.tabIndex = -1;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    const label = document.createElement("span");
    label.className = "truncate";
    label.textContent = name;
    option.append(portal.icon(icon), label);
    if (control.dataset.shortcut) {
      const key = document.createElement("kbd");
      key.className = "push";
      key.textContent = control.dataset.shortcut;
      option.append(key);
    }
    runs.set(option, control);
    return option;
  }

  /* Before anything is typed, the page's own actions stand first; then only those whose words were typed. */
  function addOwn(text) {
    const list = results();
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const all = controls(list.dataset).filter(({ name }) => fits(name, words));
    // Tabs are in sight anyway: they come when they are asked for.
    const shown = words.length ? all : all.filter(({ title, control }) => title === list.dataset.hereTitle && !control.matches(".tab")).slice(0, MOST_HERE);
    const groups = new Map();
    shown.forEach((each) => groups.set(each.title, [...(groups.get(each.title) ?? []), each]));
    const before = list.querySelector('[role="group"]');
    [...groups].forEach(([title, own], place) => {
      const group = document.createElement("div");
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", title);
      const head = document.createElement("div");
      head.className = "menu-title";
      head.setAttribute("role", "presentation");
      head.textContent = title;
      group.append(head, ...own.map((each, number) => optionOf(each, `palette-own-${place}-${number}`)));
      list.insertBefore(group, words.length ? list.querySelector("[data-guess]") : before);
    });
    if (shown.length) list.querySelector(".palette-empty")?.remove();
  }

  function run(option, apart = false) {
    const control = runs.get(option);
    dialog().close();
    if (!control) {
      if (apart) window.open(option.href, "_blank", "noopener");
      else location.assign(option.href);
    } else if (portal.isTyping(control)) {
      control.focus();
      control.select?.();
    } else {
      control.click();
    }
  }

  /* -- keys and clicks ------------------------------------------------------------------------------------------------ */

  const isAnswered = () => (results().querySelector("[data-for]")?.dataset.for ?? null) === field().value.trim();

  document.addEventListener("keydown", (event) => {
    const palette = dialog();
    if (!palette) return;
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      if (palette.open) palette.close();
      else open();
      return;
    }
    if (!palette.open || !palette.contains(event.target) || event.isComposing) return;
    const all = options();
    const here = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (all.length) select(all[(here + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
    } else if (event.key === "Enter") {
      const apart = event.ctrlKey || event.metaKey;
      // What stands there answers something older: wait for what was meant. Nothing found: the form leads on.
      if (!isAnswered()) { event.preventDefault(); awaited = { apart }; } else if (all.length) { event.preventDefault(); run(all[Math.max(here, 0)], apart); }
    } else if (event.key === "Escape") {
      event.preventDefault(); // a search field would only empty itself
      palette.close();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette]")) { event.preventDefault(); open(); }
    const option = event.target.closest("#palette [role=option]");
    if (!option) return;
    if (runs.has(option)) run(option);
    else if (!event.ctrlKey && !event.metaKey && !event.shiftKey) dialog().close();
  });

  document.addEventListener("input", (event) => {
    if (event.target === dialog()?.querySelector("input[type=search]")) awaited = null;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== "palette-results") return;
    addOwn(results().querySelector("[data-for]")?.dataset.for ?? "");
    const all = options();
    select(all[0]);
    portal.announce(all.length ? portal.word("results", { count: all.length }) : portal.word("no_results"));
    if (awaited && isAnswered()) {
      const { apart } = awaited;
      awaited = null;
      if (all.length) run(all[0], apart);
      else dialog().querySelector("form").requestSubmit();
    }
  });
})();
