/*
 * The page's end of the live stream: gathers what changed and asks for it at most once a second, jittered.
 *   <body data-stream-url data-live-ticket data-live-ticket-url data-live-worker>
 *   <... id="x" data-live="12 15" data-live-url="/metrics/tiles/12/" data-live-kinds="metrics">  re-fetched and morphed
 *   <div data-board data-live data-unit="12" data-cards-url="...">  fetches changed cards only (behaviours/board.js)
 * While somebody types or has a form open inside such an element it is left alone; a bar says how many changes wait.
 */
(() => {
  "use strict";
  const { streamUrl, liveTicket, liveTicketUrl, liveWorker } = document.body.dataset;
  if (!streamUrl || !liveTicket) return;

  const PACE = 1000;
  const pending = new Map(); // "unit kind" -> {unit, kind, ids, whole}
  const waiting = new Map(); // element -> number of changes held back
  let timer = 0;
  let everything = false;

  const unitsOf = (element) => (element.dataset.live || element.dataset.unit || "").split(/\s+/).filter(Boolean).map(Number);
  const kindsOf = (element) => (element.dataset.liveKinds || "").split(/\s+/).filter(Boolean);

  /* Somebody is at work inside: the caret is there, or a form in sight that they opened or began to fill. What is
     fetched knows nothing of either and would close the one and empty the other. */
  const isFilled = (field) => field.matches("textarea, input:not([type=hidden], [type=checkbox], [type=radio])") && field.value !== field.defaultValue;
  const isBusy = (element) => (portal.isTyping(document.activeElement) && element.contains(document.activeElement))
    || [...element.querySelectorAll('form[method="post"]')].some((form) => form.getClientRects().length > 0
      && (form.closest("details[open]") || [...form.elements].some(isFilled)));

  function concerns(element, { unit, kind }) {
    const kinds = kindsOf(element);
    // An announcement changes nothing but the banner, which asks for it by name.
    return unitsOf(element).includes(unit) && (kinds.length ? kinds.includes(kind) : kind !== "news");
  }

  function hold(element, count) {
    waiting.set(element, (waiting.get(element) ?? 0) + count);
    let bar = element.previousElementSibling?.matches?.("[data-live-bar]") ? element.previousElementSibling : null;
    if (!bar) {
      bar = document.createElement("div");
      bar.className = "live-bar";
      bar.dataset.liveBar = "";
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-primary btn-s";
      button.addEventListener("click", () => { release(element); refresh(element, { isAsked: true }); });
      bar.append(button);
      element.before(bar);
    }
    bar.firstElementChild.textContent = portal.word("changes_waiting", { count: waiting.get(element) });
  }

  function release(element) {
    waiting.delete(element);
    const bar = element.previousElementSibling;
    if (bar?.matches?.("[data-live-bar]")) bar.remove();
  }

  async function refresh(element, { isAsked = false } = {}) {
    const { liveUrl } = element.dataset;
    if (!liveUrl || !element.isConnected) return;
    const answer = await portal.send(liveUrl, { target: element.id });
    if (!answer.ok || !element.isConnected) return;
    const html = await answer.text();
    if (!isAsked && isBusy(element)) { hold(element, 1); return; }
    const before = element.textContent;
    htmx.swap(element, html, { swapStyle: "morph:outerHTML" }, { contextElement: element });
    const now = (element.id && document.getElementById(element.id)) || element;
    if (now.isConnected && now.textContent !== before) {
      now.classList.remove("is-fresh");
      void now.offsetWidth; // restarts the animation
      now.classList.add("is-fresh");
    }
  }

  function flush() {
    timer = 0;
    const changes = [...pending.values()];
    pending.clear();
    const all = everything;
    everything = false;
    document.querySelectorAll("[data-live]").forEach((element) => {
      const mine = changes.filter((change) => concerns(element, change));
      if (!mine.length && !all) return;
      if (element.matches("[data-board]")) {
        const cards = mine.filter((change) => change.kind !== "metrics" && change.kind !== "news");
        const ids = [...new Set(cards.flatMap((change) => [...change.ids]))];
        // A change without ids is too large to name: everything may be different.
        const whole = all || cards.some((change) => change.whole);
        if (whole || ids.length) element.dispatchEvent(new CustomEvent("live:cards", { detail: { ids, all: whole } }));
      } else if (isBusy(element)) {
        hold(element, Math.max(1, mine.reduce((sum, change) => sum + change.ids.size, 0)));
      } else {
        release(element);
        refresh(element).catch(() => {}); // the portal is away: the next message or reconnect brings it
      }
    });
  }

  function schedule() {
    timer ||= setTimeout(flush, PACE * (0.15 + Math.random() * 0.45));
  }

  let lastFlush = 0;
  function pace() {
    const rest = lastFlush + PACE - Date.now();
    if (timer) return;
    if (rest > 0) timer = setTimeout(() => { lastFlush = Date.now(); flush(); }, rest + Math.random() * 200);
    else { lastFlush = Date.now(); schedule(); }
  }

  function hear(message) {
    document.documentElement.toggleAttribute("data-live-lost", message.type === "lost");
    if (message.type === "open") document.documentElement.toggleAttribute("data-live-heard", true);
    if (message.type === "lost" || message.type === "ended") document.documentElement.toggleAttribute("data-live-heard", false);
    if (message.type === "change") {
      for (const { u: unit, k: kind, i: ids } of message.changes) {
        // What concerns only oneself: the number in the top bar, whatever the page shows.
        if (kind === "inbox") { portal.inboxChanged?.(); continue; }
        const key = `${unit} ${kind}`;
        const entry = pending.get(key) ?? { unit, kind, ids: new Set(), whole: false };
        (ids ?? []).forEach((id) => entry.ids.add(id));
        entry.whole ||= !ids?.length;
        pending.set(key, entry);
      }
      if (message.changes.length) pace();
    } else if (message.type === "refresh" || (message.type === "open" && message.refresh)) {
      everything = true;
      portal.inboxChanged?.();
      pace();
    } else if (message.type === "ended") {
      portal.toast({ text: portal.word("live_ended"), kind: "error" });
    }
  }

  let post;
  function connect() {
    if (typeof SharedWorker !== "undefined" && liveWorker) {
      const worker = new SharedWorker(liveWorker, { name: "portal-live" });
      worker.port.onmessage = (event) => hear(event.data);
      worker.port.start();
      return (message) => worker.port.postMessage(message);
    }
    const hub = new window.LiveHub();
    const page = {};
    return (message) => hub.receive(page, message, hear);
  }

  const hello = () => post({
    type: "hello", ticket: liveTicket, ticketUrl: liveTicketUrl ? new URL(liveTicketUrl, location.href).href : "",
    streamUrl: new URL(streamUrl, location.href).href, csrf: portal.csrfToken(),
  });

  function start() {
    post = connect();
    hello();
    if (document.hidden) post({ type: "hidden" });
    document.addEventListener("visibilitychange", () => post({ type: document.hidden ? "hidden" : "visible" }));
    window.addEventListener("pagehide", () => post({ type: "bye" }));
    window.addEventListener("pageshow", (event) => { if (event.persisted) { hello(); everything = true; pace(); } });
  }

  // Browsers without SharedWorker load the hub into the page.
  if (typeof SharedWorker === "undefined" && liveWorker) {
    const script = document.createElement("script");
    script.src = liveWorker;
    script.addEventListener("load", start);
    document.head.append(script);
  } else {
    start();
  }

  // When the typing is over or the form is closed, what was held back comes in by itself.
  const settle = () => setTimeout(() => {
    [...waiting.keys()].forEach((element) => {
      if (!element.isConnected) { waiting.delete(element); return; }
      if (!isBusy(element)) { release(element); refresh(element).catch(() => {}); }
    });
  }, 300);
  document.addEventListener("focusout", settle);
  document.addEventListener("toggle", settle, true); // does not bubble

  window.portal.live = { hold, release, isBusy };
})();
