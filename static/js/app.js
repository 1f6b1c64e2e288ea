/*
 * The portal's small core: htmx set up for a strict content security policy, words, announcements, toasts and focus.
 * Behaviours (js/behaviours/*.js) hang on data-* attributes through delegation, so swapped-in markup works at once.
 */
(() => {
  "use strict";

  Object.assign(htmx.config, {
    allowEval: false,
    allowScriptTags: false,
    includeIndicatorStyles: false,
    selfRequestsOnly: true,
    historyCacheSize: 0, // Back asks the server: a page from yesterday's cache would show yesterday's numbers
    refreshOnHistoryMiss: true,
    globalViewTransitions: false,
    scrollIntoViewOnBoost: false,
    defaultSettleDelay: 0,
    timeout: 30000,
    responseHandling: [
      { code: "204", swap: false },
      { code: "[23]..", swap: true },
      { code: "409|422", swap: true }, // the form comes back with its errors, the field with both values
      { code: "[45]..", swap: false, error: true },
    ],
  });

  const wordsSource = document.getElementById("words");
  const words = wordsSource ? JSON.parse(wordsSource.textContent) : {};

  /* word("moved", {key: "HAR-1"}): the text in the reader's language, its {names} filled in. */
  function word(name, values = {}) {
    return (words[name] ?? name).replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
  }

  function csrfToken() {
    return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  }

  /* Says something to screen readers: a line more in a log, so that nothing said right after it takes it away. */
  const MOST_SAID = 5;
  function announce(text) {
    const log = document.querySelector("[data-announcer]");
    if (!log || !text) return;
    const line = document.createElement("p");
    line.textContent = text;
    log.append(line);
    while (log.childElementCount > MOST_SAID) log.firstElementChild.remove();
  }

  function isTyping(target) {
    return target instanceof Element && target.matches("input:not([type=checkbox],[type=radio],[type=button],[type=submit]), textarea, select, [contenteditable=true]");
  }

  /* Single-letter keys can be switched off in the '?' dialog (WCAG 2.1.4). */
  function keysAreOn() {
    return localStorage.getItem("portal-keys") !== "off";
  }

  function takesKey(event) {
    return keysAreOn() && !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.altKey
      && !isTyping(event.target) && !document.querySelector("dialog[open]");
  }

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
    svg.append(use);
    return svg;
  }

  /* toast({text, undo_url, kind}): what happened, and the way back. Stays ten seconds, or while it is looked at. */
  function toast({ text, undo_url: undoUrl = "", kind = "" }) {
    const box = document.getElementById("toasts");
    if (!box || !text) return;
    const bad = kind === "error";
    const item = document.createElement("div");
    item.className = bad ? "toast toast-error" : "toast";
    const body = document.createElement("span");
    body.className = "toast-text";
    body.textContent = text;
    item.append(icon(bad ? "octagon-alert" : "circle-check"), body);
    if (undoUrl) {
      const undo = document.createElement("button");
      undo.type = "button";
      undo.className = "btn btn-s";
      undo.textContent = word("undo");
      undo.addEventListener("click", () => {
        item.remove();
        takeBack(undoUrl);
      });
      item.append(undo);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn btn-quiet btn-s btn-icon";
    close.setAttribute("aria-label", word("dismiss"));
    close.append(icon("x"));
    close.addEventListener("click", () => item.remove());
    item.append(close);
    while (box.children.length > 3) box.firstElementChild.remove();
    box.append(item);
    announce(undoUrl ? `${text} ${word("undo_hint")}` : text);
    let timer;
    const start = () => { timer = setTimeout(() => item.remove(), bad ? 20000 : 10000); };
    item.addEventListener("pointerenter", () => clearTimeout(timer));
    item.addEventListener("pointerleave", start);
    item.addEventListener("focusin", () => clearTimeout(timer));
    item.addEventListener("focusout", start);
    start();
  }

  /* Events a response carries in HX-Trigger, for requests made with fetch (htmx fires its own). */
  function fireTriggers(response) {
    const header = response.headers.get("HX-Trigger");
    if (!header) return;
    if (!header.trim().startsWith("{")) {
      header.split(",").forEach((name) => document.body.dispatchEvent(new CustomEvent(name.trim(), { bubbles: true })));
      return;
    }
    for (const [name, detail] of Object.entries(JSON.parse(header))) {
      document.body.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
    }
  }

  /* A request that is not a swap: same headers as htmx, so that the server answers with the fragment. */
  function send(url, { method = "GET", form = null, target = "" } = {}) {
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
    if (target) headers["HX-Target"] = target;
    if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
    return fetch(url, { method, headers, body: form, credentials: "same-origin", redirect: "follow" });
  }

  /* The portal's memory of this browser: what is folded, which nav width. Never anything about people or work. */
  const memory = {
    get: (key) => { try { return JSON.parse(localStorage.getItem(`portal-${key}`)); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(`portal-${key}`, JSON.stringify(value)); } catch { /* storage is full or off: nothing is lost but comfort */ } },
  };

  function cookie(name, value) {
    document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  }

  /* Undo: what the page shows of it (board, panel) is fetched again at once, live stream or not; else the page is. */
  async function takeBack(undoUrl) {
    let answer;
    try {
      answer = await send(undoUrl, { method: "POST" });
    } catch {
      toast({ text: word("offline"), kind: "error" });
      return;
    }
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) { location.assign(elsewhere); return; }
    if (!answer.ok) {
      if (answer.headers.get("HX-Trigger")) fireTriggers(answer);
      else toast({ text: word(answer.status === 403 ? "refused" : "failed"), kind: "error" });
      return;
    }
    const undone = new CustomEvent("undone", { bubbles: true, cancelable: true, detail: { url: undoUrl } });
    if (document.body.dispatchEvent(undone)) {
      // Nothing on this page knows how to renew itself. The message is kept for the page that comes.
      const said = answer.headers.get("HX-Trigger");
      if (said?.startsWith("{")) sessionStorage.setItem("portal-said", said);
      location.reload();
    } else {
      fireTriggers(answer);
    }
  }

  window.portal = { word, announce, toast, send, fireTriggers, isTyping, takesKey, keysAreOn, icon, memory, cookie, csrfToken };

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrfToken();
  });
  document.addEventListener("toast", (event) => toast(event.detail));
  document.addEventListener("announce", (event) => announce(event.detail.value ?? event.detail.text));

  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    if (event.detail.xhr.getResponseHeader("HX-Trigger")?.includes("toast")) return; // the server said it better
    toast({ text: word(status === 403 ? "refused" : status === 404 ? "gone" : "failed"), kind: "error" });
  });
  document.addEventListener("htmx:sendError", () => toast({ text: word("offline"), kind: "error" }));
  document.addEventListener("htmx:timeout", () => toast({ text: word("offline"), kind: "error" }));

  /* Focus after a swap: the first wrong field, else what asks for it, else where it was (htmx keeps ids). */
  document.addEventListener("htmx:afterSwap", (event) => {
    const place = document.getElementById(event.detail.target?.id) ?? event.detail.elt;
    if (!(place instanceof Element)) return;
    const wanted = place.querySelector('[aria-invalid="true"], [data-focus]') ?? (place.matches("[data-focus]") ? place : null);
    wanted?.focus({ preventScroll: false });
    showTab(place);
  });

  /* What had the focus may be swapped away: the same thing has it again, else its closed menu, else the part it stood in. */
  let left = null;
  function sign(element) {
    const name = ["id", "aria-label", "href", "name", "value"].find((each) => element.getAttribute(each));
    return name ? `${element.localName}[${name}="${CSS.escape(element.getAttribute(name))}"]` : element.localName;
  }
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target } = event.detail;
    const focused = document.activeElement;
    left = target?.id && focused !== target && target.contains(focused) ? { id: target.id, sign: sign(focused) } : null;
  });
  document.addEventListener("htmx:afterOnLoad", () => { // afterSwap says nothing of a part that was only taken out
    const was = left;
    left = null;
    if (!was) return;
    // Whoever knows better where it belongs (a list, a board, a panel) has put it there by then.
    setTimeout(() => {
      if (document.activeElement && document.activeElement !== document.body) return;
      const place = document.getElementById(was.id) ?? document.getElementById("main");
      const same = place?.querySelector(was.sign);
      const reached = same?.checkVisibility() ? same : same?.closest("details")?.querySelector("summary");
      const there = reached ?? place;
      if (there && there === place && !there.hasAttribute("tabindex")) there.tabIndex = -1;
      there?.focus({ preventScroll: true });
    });
  });

  /* A form is sent once. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.matches("[hx-post],[data-quick-add]") || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

  /* A row of tabs longer than the screen begins with the one that is open in sight. */
  function showTab(place) {
    place.querySelectorAll(".tabs").forEach((tabs) => {
      const current = tabs.querySelector("[aria-current]");
      if (current && tabs.scrollWidth > tabs.clientWidth) tabs.scrollLeft = current.offsetLeft - (tabs.clientWidth - current.offsetWidth) / 2;
    });
  }

  /* What Django's messages said on this page comes as toasts too. A form that came back has the focus where it is wrong. */
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelector('main [aria-invalid="true"]')?.focus();
    showTab(document);
    document.querySelectorAll("[data-message]").forEach((message) => {
      toast({ text: message.textContent.trim(), kind: message.dataset.message, undo_url: message.dataset.undoUrl });
      message.remove();
    });
    const said = sessionStorage.getItem("portal-said");
    if (said) {
      sessionStorage.removeItem("portal-said");
      const { toast: kept } = JSON.parse(said);
      if (kept) toast(kept);
    }
  });
})();
