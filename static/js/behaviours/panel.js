/*
 * The side panel: a detail beside the list it belongs to, at its own address.
 *   <a href="/items/HAR-398/" data-panel>   a plain click opens it in the panel, any other click opens the page
 * Escape or the cross closes it; the address and the focus go back to where they were. A tab (components/tabs.html) is a part
 * of the address: of the page's own, where Back leads to the tab before, or of the panel's, where Back closes the panel.
 */
(() => {
  "use strict";
  const frame = () => document.querySelector("[data-panel-frame]");
  const body = () => document.getElementById("panel");
  let home = null; // the address of the page below, while a panel is open
  let opener = null; // what opened it: gets the focus back

  const isOpen = () => Boolean(frame() && !frame().hidden);

  function show(url) {
    const box = frame();
    box.hidden = false;
    box.querySelectorAll("[data-panel-full]").forEach((link) => { link.href = url; });
    document.querySelectorAll(".is-open").forEach((each) => each.classList.remove("is-open"));
    opener?.closest?.("[data-id], tr")?.classList.add("is-open");
  }

  /* The address of what stands in the panel: as a page of its own it knows nothing of a panel. */
  function addressOf(url) {
    const address = new URL(url, location.href);
    address.searchParams.delete("panel");
    return address.href;
  }

  function keep(url) {
    history.replaceState({ ...history.state, panel: url }, "", url);
    frame().querySelectorAll("[data-panel-full]").forEach((link) => { link.href = url; });
  }

  async function open(url, { push = true } = {}) {
    if (!frame()) { location.assign(url); return; }
    if (!isOpen()) home = location.href;
    await htmx.ajax("GET", url, { target: "#panel", swap: "innerHTML" });
    if (body().dataset.failed) { delete body().dataset.failed; return; }
    show(url);
    if (push) {
      const over = history.state?.panel ? history.state.over : Boolean(history.state?.htmx);
      history[history.state?.panel ? "replaceState" : "pushState"]({ panel: url, home, over }, "", url);
    }
    const heading = body().querySelector("h1, h2") ?? body();
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    body().scrollTop = 0;
  }

  function close({ back = true } = {}) {
    if (!isOpen()) return;
    frame().hidden = true;
    body().replaceChildren();
    document.querySelectorAll(".is-open").forEach((each) => each.classList.remove("is-open"));
    // Going back to a state htmx made would load the page anew and lose the place; then only the address changes.
    if (back && history.state?.panel && !history.state.over) history.back();
    else if (back && home) history.replaceState(null, "", home);
    const again = opener?.isConnected ? opener : opener?.id ? document.getElementById(opener.id) : null;
    (again ?? document.getElementById("main"))?.focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("panel:closed"));
  }

  window.portal.panel = { open: (url, from) => { opener = from ?? document.activeElement; return open(url); }, close, isOpen };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-panel], a[data-panel-link], [data-panel-links] a.row-link");
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (link && plain && !event.defaultPrevented) {
      event.preventDefault();
      opener = link;
      open(link.href);
    }
    if (event.target.closest("[data-panel-close]")) close();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || !isOpen()) return;
    if (document.querySelector("dialog[open], [popover]:popover-open") || portal.isTyping(event.target)) return;
    event.preventDefault();
    close();
  });

  window.addEventListener("popstate", (event) => {
    if (event.state?.panel) {
      home ??= event.state.home;
      open(event.state.panel, { push: false });
    } else if (isOpen()) {
      close({ back: false });
    }
  });

  // A swap by a page's own hx-target="#panel" opens the panel just the same; a refusal leaves it as it was.
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.target?.id === "panel") event.detail.target.dataset.failed = "1";
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.target?.id === "panel") event.detail.target.dataset.failed = "1";
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id === "panel" && !isOpen()) show(event.detail.pathInfo?.finalRequestPath ?? location.href);
  });
  document.addEventListener("htmx:configRequest", (event) => {
    const tab = event.detail.elt;
    if (tab.matches("#panel a.tab")) tab.setAttribute("hx-push-url", "false");
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const tab = event.detail.requestConfig?.elt;
    if (event.detail.shouldSwap && tab?.matches("#panel a.tab")) keep(addressOf(tab.href));
  });
  // After an undo the open detail is fetched again, without moving the focus.
  document.addEventListener("undone", (event) => {
    if (!isOpen() || !history.state?.panel) return;
    event.preventDefault();
    htmx.ajax("GET", history.state.panel, { target: "#panel", swap: "innerHTML" });
  });
  // The server closes it after a delete: HX-Trigger closePanel.
  document.addEventListener("closePanel", () => close());
})();
