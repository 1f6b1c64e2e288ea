/*
 * One live stream for the whole browser (SharedWorker). Pages bring their tickets; the worker holds one EventSource
 * with all of them, closes it when every page is hidden, and hands out what changed. It never carries content:
 * a message says "of unit u, things of kind k with these ids changed", and the page asks for its fragments.
 * Loaded as an ordinary script (browsers without SharedWorker) it gives the same hub to a single page.
 */
"use strict";

class LiveHub {
  constructor() {
    this.pages = new Map(); // page -> {post, ticket, ticketUrl, streamUrl, csrf, visible}
    this.source = null;
    this.tickets = "";
    this.wasLost = false;
    this.failures = 0;
    this.retry = 0;
  }

  receive(page, message, post) {
    if (message.type === "hello") {
      this.pages.set(page, { ...message, post, visible: true });
      this.failures = 0;
    } else if (message.type === "bye") {
      this.pages.delete(page);
    } else if (this.pages.has(page)) {
      this.pages.get(page).visible = message.type === "visible";
    }
    this.settle();
  }

  /* Opens, re-opens or closes, so that the stream fits the pages there are. */
  settle() {
    const pages = [...this.pages.values()];
    if (!pages.some((page) => page.visible)) {
      if (this.source) { this.source.close(); this.source = null; this.wasLost = true; }
      clearTimeout(this.retry);
      return;
    }
    const tickets = [...new Set(pages.map((page) => page.ticket).filter(Boolean))].sort();
    const wanted = tickets.join(" ");
    if (this.source && this.source.readyState !== EventSource.CLOSED && wanted === this.tickets) return;
    if (!tickets.length) return;
    this.open(pages[0].streamUrl, tickets);
  }

  open(streamUrl, tickets) {
    this.source?.close();
    clearTimeout(this.retry);
    this.tickets = tickets.join(" ");
    const url = new URL(streamUrl);
    tickets.forEach((ticket) => url.searchParams.append("ticket", ticket));
    const source = new EventSource(url);
    this.source = source;
    source.addEventListener("open", () => {
      this.failures = 0;
      this.tell({ type: "open", refresh: this.wasLost });
      this.wasLost = false;
    });
    source.addEventListener("change", (event) => this.tell({ type: "change", changes: [JSON.parse(event.data)].flat() }));
    source.addEventListener("refresh", () => this.tell({ type: "refresh" }));
    source.addEventListener("bye", () => this.lose(source));
    source.addEventListener("error", () => {
      this.wasLost = true;
      // CONNECTING: the browser tries again by itself. CLOSED: refused, most often because a ticket has expired.
      if (source.readyState === EventSource.CLOSED) this.lose(source);
      else this.tell({ type: "lost" });
    });
  }

  lose(source) {
    source.close();
    if (source !== this.source) return;
    this.source = null;
    this.wasLost = true;
    this.tell({ type: "lost" });
    this.failures += 1;
    const pause = Math.min(60_000, 1_000 * 2 ** Math.min(this.failures - 1, 6)) * (0.75 + Math.random() / 2);
    this.retry = setTimeout(() => this.renewAll(), pause);
  }

  /* Every page's ticket is exchanged for a fresh one; a page that may no longer see its units gets none. */
  async renewAll() {
    for (const page of this.pages.values()) {
      if (!page.ticketUrl) {
        page.ticket = "";
        page.post({ type: "ended" });
        continue;
      }
      try {
        const answer = await fetch(page.ticketUrl, {
          method: "POST",
          body: new URLSearchParams({ ticket: page.ticket || page.lastTicket || "" }),
          headers: { "X-CSRFToken": page.csrf, "HX-Request": "true" },
          credentials: "same-origin",
          redirect: "error",
        });
        if (answer.ok) {
          page.ticket = (await answer.text()).trim();
        } else if (answer.status < 500) {
          page.lastTicket = page.ticket || page.lastTicket;
          page.ticket = "";
          page.post({ type: "ended" });
        }
      } catch {
        // The portal is away; the next turn tries again.
      }
    }
    this.settle();
    if (!this.source && [...this.pages.values()].some((page) => page.visible && page.ticket)) this.lose({ close() {} });
  }

  tell(message) {
    for (const page of this.pages.values()) page.post(message);
  }
}

if (typeof SharedWorkerGlobalScope !== "undefined" && self instanceof SharedWorkerGlobalScope) {
  const hub = new LiveHub();
  self.addEventListener("connect", (event) => {
    const [port] = event.ports;
    port.onmessage = (message) => hub.receive(port, message.data, (reply) => port.postMessage(reply));
  });
} else if (typeof window !== "undefined") {
  window.LiveHub = LiveHub;
}
