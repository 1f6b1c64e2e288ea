/*
 * The board: what is on it, what the server says of it, and moving a card. A move shows at once, is sent, and comes
 * back with its reason if the server refuses. Hands, keys and quick add: board_input.js.
 * Markup: templates/jinja2/components/board.jinja; answers of the server: docs/ui.md.
 */
(() => {
  "use strict";
  const CARD = ".board-card";
  const sending = new Map(); // card id -> promise of its last move
  const picked = new Set(); // ids of cards picked with x

  const boardOf = (element) => element?.closest?.("[data-board]") ?? document.querySelector("[data-board]");
  const columnsOf = (board) => [...board.querySelectorAll("[data-column][aria-labelledby], .board-column[data-column]")];
  const cardsIn = (column) => [...column.querySelectorAll(`:scope > [data-cards] > ${CARD}`)];
  const listOf = (column) => column.querySelector(":scope > [data-cards]");
  const columnOf = (card) => card.closest(".board-column");
  const nameOf = (column) => column.querySelector("h2")?.textContent.trim() ?? "";
  const linkOf = (card) => card.querySelector("a.t");
  const hrefOf = (card) => card.dataset.href || linkOf(card)?.getAttribute("href") || "";
  const keyOf = (card) => card.querySelector(".k")?.textContent.trim() || linkOf(card)?.textContent.trim() || "";
  const focusOf = (card) => linkOf(card) ?? card;

  /* -- the selected card: one tab stop a column ----------------------------------------------------------------- */

  function current() {
    const card = document.activeElement?.closest?.(CARD);
    return card ?? null;
  }

  function rove(board, card = null) {
    board.querySelectorAll("[data-cards]").forEach((list) => {
      const cards = [...list.querySelectorAll(`:scope > ${CARD}`)];
      const keep = cards.includes(card) ? card : cards.find((each) => focusOf(each).hasAttribute("data-stop")) ?? cards[0];
      cards.forEach((each) => {
        const link = focusOf(each);
        link.tabIndex = each === keep ? 0 : -1;
        link.toggleAttribute("data-stop", each === keep);
      });
    });
  }

  function select(card) {
    if (!card) return;
    rove(boardOf(card), card);
    focusOf(card).focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function step(board, card, key) {
    const columns = columnsOf(board).filter((column) => !column.classList.contains("is-folded"));
    if (!card) { select(board.querySelector(CARD)); return; }
    const column = columnOf(card);
    const cards = cardsIn(column);
    const index = cards.indexOf(card);
    if (key === "j" || key === "ArrowDown") select(cards[index + 1]);
    else if (key === "k" || key === "ArrowUp") select(cards[index - 1]);
    else if (key === "Home") select(cards[0]);
    else if (key === "End") select(cards.at(-1));
    else {
      const way = key === "l" || key === "ArrowRight" ? 1 : -1;
      for (let at = columns.indexOf(column) + way; columns[at]; at += way) {
        const others = cardsIn(columns[at]);
        if (others.length) { select(others[Math.min(index, others.length - 1)]); return; }
      }
    }
  }

  /* -- what the server says: cards and column heads --------------------------------------------------------------- */

  function putByRank(board, card) {
    const column = columnsOf(board).find((each) => each.dataset.column === card.dataset.column);
    if (!column) { card.remove(); return; }
    const others = cardsIn(column).filter((each) => each !== card);
    let low = 0;
    let high = others.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (others[middle].dataset.rank <= card.dataset.rank) low = middle + 1;
      else high = middle;
    }
    const before = others[low] ?? null;
    if (card.parentElement !== listOf(column) || card.nextElementSibling !== before) listOf(column).insertBefore(card, before);
  }

  function apply(board, html, { fresh = false } = {}) {
    const incoming = new DOMParser().parseFromString(html, "text/html").body;
    const focused = current()?.id;
    const hadFocus = Boolean(focused);
    let lost = null;
    for (const element of [...incoming.children]) {
      const there = element.id ? document.getElementById(element.id) : null;
      element.removeAttribute("hx-swap-oob");
      if (element.hasAttribute("data-gone")) {
        if (there?.contains(document.activeElement)) lost = there.nextElementSibling ?? there.previousElementSibling ?? board;
        there?.remove();
        picked.delete(element.dataset.id ?? element.id.replace(/^card-/, ""));
      } else if (element.matches(CARD)) {
        if (there && Number(there.dataset.version) > Number(element.dataset.version)) continue; // older than what is shown
        const isNew = !there || there.outerHTML !== element.outerHTML;
        const card = document.importNode(element, true);
        if (there) {
          card.classList.toggle("is-open", there.classList.contains("is-open"));
          card.classList.toggle("is-picked", picked.has(card.dataset.id));
          there.replaceWith(card);
        }
        putByRank(board, card);
        if (fresh && isNew) card.classList.add("is-fresh");
        if (card.isConnected) htmx.process(card);
      } else if (there) {
        const folded = there.querySelector(".board-fold");
        const copy = document.importNode(element, true);
        there.replaceWith(copy);
        if (folded && !copy.querySelector(".board-fold")) copy.append(folded);
        htmx.process(copy);
      }
    }
    rove(board, focused ? document.getElementById(focused) : null);
    if (hadFocus && !current()) {
      const again = document.getElementById(focused) ?? (lost?.matches?.(CARD) ? lost : null);
      if (again?.isConnected) focusOf(again).focus({ preventScroll: true });
    }
    board.dispatchEvent(new CustomEvent("board:changed"));
  }

  /* -- moving ----------------------------------------------------------------------------------------------------- */

  function moved(card) {
    const column = columnOf(card);
    const cards = cardsIn(column);
    portal.announce(portal.word("moved", { key: keyOf(card), column: nameOf(column), position: cards.indexOf(card) + 1, total: cards.length }));
  }

  function putBack(card, from) {
    if (!from.list.isConnected) return;
    from.list.insertBefore(card, from.next?.isConnected && from.next.parentElement === from.list ? from.next : null);
  }

  async function sendMove(board, id, to, after, from) {
    const card = () => document.getElementById(`card-${id}`);
    const form = new FormData();
    form.set("id", id);
    form.set("to", to);
    form.set("after", after);
    form.set("version", card()?.dataset.version ?? "");
    let answer = null;
    let html = "";
    try {
      answer = await portal.send(`${board.dataset.moveUrl}${location.search}`, { method: "POST", form });
      html = await answer.text();
    } catch {
      portal.toast({ text: portal.word("offline_move", { key: card() ? keyOf(card()) : "" }), kind: "error" });
    }
    const there = card();
    there?.classList.remove("is-moving");
    there?.removeAttribute("aria-busy");
    if (answer?.ok) {
      apply(board, html);
      portal.fireTriggers(answer);
      if (card()) moved(card());
      return true;
    }
    if (there && from) {
      const had = there.contains(document.activeElement);
      putBack(there, from);
      if (had) focusOf(there).focus({ preventScroll: true });
    }
    if (answer) {
      if (answer.headers.get("Content-Type")?.includes("text/html") && html.includes("board-card")) {
        if (there) there.dataset.version = "0"; // the answer is the truth, whatever number it carries
        apply(board, html);
      }
      if (answer.headers.get("HX-Trigger")) portal.fireTriggers(answer);
      else portal.toast({ text: portal.word(answer.status === 403 ? "refused" : answer.status === 404 ? "gone" : "failed"), kind: "error" });
    }
    return false;
  }

  /* The card stands in its new place already, or is put there now; moves of one card are sent one after another. */
  function move(card, column, { after = undefined, at = "top", from = null } = {}) {
    const board = boardOf(card);
    const start = from ?? { list: card.parentElement, next: card.nextElementSibling };
    const list = listOf(column);
    if (after === undefined) {
      const hadFocus = card.contains(document.activeElement);
      if (at === "top") list.prepend(card);
      else list.append(card);
      if (hadFocus) focusOf(card).focus({ preventScroll: true });
      const above = card.previousElementSibling;
      after = above?.dataset.id ?? "";
    }
    card.classList.add("is-moving");
    card.setAttribute("aria-busy", "true");
    const { id } = card.dataset;
    const turn = (sending.get(id) ?? Promise.resolve()).then(() => sendMove(board, id, column.dataset.column, after, start));
    sending.set(id, turn);
    turn.finally(() => { if (sending.get(id) === turn) sending.delete(id); });
    return turn;
  }

  window.portal.board = {
    CARD, apply, boardOf, cardsIn, columnOf, columnsOf, current, focusOf, hrefOf, keyOf, listOf, move, nameOf, picked,
    rove, select, sending, step,
  };
})();
