/*
 * Hands on the board (behaviours/board.js): keys, 'Move to…', quick add, drag and touch, folded columns, the phone's
 * column row, and others' changes coming in. Every drag has a key and a menu path.
 */
(() => {
  "use strict";
  const {
    CARD, apply, boardOf, cardsIn, columnOf, columnsOf, current, focusOf, hrefOf, keyOf, move, nameOf, picked, rove,
    select, sending, step,
  } = window.portal.board;
  let dragging = null;
  const afterDrag = []; // live changes that came while a card was in the hand

  /* -- a card goes one place on ------------------------------------------------------------------------------------ */

  function shift(card, key) {
    const board = boardOf(card);
    const column = columnOf(card);
    const from = { list: card.parentElement, next: card.nextElementSibling };
    if (key === "ArrowUp" || key === "ArrowDown") {
      const other = key === "ArrowUp" ? card.previousElementSibling : card.nextElementSibling;
      if (!other?.matches(CARD)) return;
      if (key === "ArrowUp") other.before(card);
      else other.after(card);
      focusOf(card).focus({ preventScroll: true });
      move(card, column, { after: card.previousElementSibling?.dataset.id ?? "", from });
    } else {
      const columns = columnsOf(board);
      const next = columns[columns.indexOf(column) + (key === "ArrowRight" ? 1 : -1)];
      if (next) move(card, next, { at: "top" });
    }
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /* -- 'Move to…' ------------------------------------------------------------------------------------------------- */

  function targets() {
    const cards = [...picked].map((id) => document.getElementById(`card-${id}`)).filter(Boolean);
    return cards.length ? cards : [current()].filter(Boolean);
  }

  function openMove(board, cards) {
    const dialog = document.getElementById("board-move");
    if (!dialog || !cards.length || board.hasAttribute("data-readonly")) return;
    dialog.querySelector("[data-move-title]").textContent = cards.length === 1
      ? portal.word("move_one", { key: keyOf(cards[0]) }) : portal.word("move_many", { count: cards.length });
    const list = dialog.querySelector("[data-move-list]");
    list.replaceChildren();
    columnsOf(board).forEach((column, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.number = String(index + 1);
      const number = document.createElement("kbd");
      number.textContent = String(index + 1);
      const hint = document.createElement("span");
      hint.className = "hint";
      hint.textContent = cards.length === 1 && columnOf(cards[0]) === column
        ? portal.word("is_here") : column.querySelector(".limit")?.textContent.trim() ?? "";
      const name = document.createElement("span");
      name.textContent = nameOf(column);
      button.append(number, name, hint);
      button.addEventListener("click", async () => {
        const at = dialog.querySelector("input[name=where]:checked")?.value ?? "top";
        dialog.close();
        focusOf(cards[0]).focus({ preventScroll: true });
        clearPicked();
        for (const card of at === "top" ? [...cards].reverse() : cards) await move(card, column, { at });
      });
      list.append(button);
    });
    dialog.showModal();
    list.querySelector("button")?.focus();
  }

  function clearPicked() {
    document.querySelectorAll(`${CARD}.is-picked`).forEach((card) => card.classList.remove("is-picked"));
    picked.clear();
  }

  function pick(card) {
    const { id } = card.dataset;
    if (picked.has(id)) picked.delete(id);
    else picked.add(id);
    card.classList.toggle("is-picked", picked.has(id));
    portal.announce(portal.word("selected", { count: picked.size }));
  }

  /* -- a field of the selected card: its detail opens beside the board with that field under the cursor ----------------- */

  const FIELDS = { s: ["state"], a: ["assignee", "owner"], i: ["assignee", "owner"], p: ["priority"], e: ["estimate"], l: ["labels"] };

  async function editField(card, key) {
    await portal.panel?.open(hrefOf(card), focusOf(card));
    const panel = document.getElementById("panel");
    const field = FIELDS[key].map((name) => panel?.querySelector(`[data-inline-form] [name="${name}"]`)).find(Boolean);
    if (!field) { portal.toast({ text: portal.word("refused"), kind: "error" }); return; }
    field.closest("[data-inline-edit]").querySelector("[data-inline-show]").click();
    if (key !== "i") return;
    // To me: as if it had been chosen.
    const me = document.querySelector("[data-me]")?.dataset.me ?? "";
    if (!me || ![...field.options].some((option) => option.value === me)) { portal.toast({ text: portal.word("refused"), kind: "error" }); return; }
    field.value = me;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /* -- keys ------------------------------------------------------------------------------------------------------- */

  document.addEventListener("keydown", (event) => {
    const dialog = event.target.closest?.("#board-move");
    if (dialog && /^[1-9]$/.test(event.key)) {
      event.preventDefault();
      dialog.querySelector(`[data-number="${event.key}"]`)?.click();
      return;
    }
    if (dialog && (event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.matches("[data-number]")) {
      event.preventDefault();
      const all = [...dialog.querySelectorAll("[data-number]")];
      all[(all.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length].focus();
      return;
    }
    const board = boardOf(event.target);
    if (!board || portal.isTyping(event.target) || document.querySelector("dialog[open], [popover]:popover-open")) return;
    const card = current();
    const arrow = event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End";
    if (card && event.shiftKey && event.key.startsWith("Arrow") && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (!board.hasAttribute("data-readonly")) shift(card, event.key);
      return;
    }
    if (card && arrow && !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      step(board, card, event.key);
      return;
    }
    if (event.key === "Escape" && picked.size) { event.preventDefault(); clearPicked(); return; }
    if (!portal.takesKey(event) || event.shiftKey || portal.panel?.isOpen() && !card) return;
    if ("jk".includes(event.key)) {
      event.preventDefault();
      step(board, card, event.key);
    } else if (event.key === "m" && targets().length) {
      event.preventDefault();
      openMove(board, targets());
    } else if (event.key === "x" && card) {
      event.preventDefault();
      pick(card);
    } else if (event.key === "o" && card) {
      event.preventDefault();
      location.assign(hrefOf(card));
    } else if (Object.hasOwn(FIELDS, event.key) && card && !board.hasAttribute("data-readonly")) {
      event.preventDefault();
      editField(card, event.key);
    } else if (event.key === "n") {
      const column = card ? columnOf(card) : columnsOf(board)[0];
      const add = column?.querySelector("[data-add-open]") ?? board.querySelector("[data-add-open]");
      if (add) { event.preventDefault(); openAdd(add); }
    }
  });

  /* -- quick add: type, Enter, type on; many pasted lines make many cards, after a question --------------------------- */

  function openAdd(button) {
    const form = button.parentElement.querySelector("form");
    button.hidden = true;
    form.hidden = false;
    form.querySelector("[name=title]").focus();
  }

  function closeAdd(form) {
    form.hidden = true;
    form.reset();
    const button = form.parentElement.querySelector("[data-add-open]");
    button.hidden = false;
    return button;
  }

  async function add(form, titles) {
    const board = boardOf(form);
    const data = new FormData(form);
    data.delete("title");
    titles.forEach((title) => data.append("title", title));
    const field = form.querySelector("[name=title]");
    form.querySelector(".field-error")?.remove();
    try {
      const answer = await portal.send(form.getAttribute("action") || form.getAttribute("hx-post"), { method: "POST", form: data });
      const html = await answer.text();
      if (answer.ok) {
        field.value = "";
        apply(board, html, { fresh: true });
        portal.announce(portal.word("added", { count: titles.length }));
      }
      portal.fireTriggers(answer);
      if (!answer.ok && !answer.headers.get("HX-Trigger")) portal.toast({ text: portal.word("failed"), kind: "error" });
    } catch {
      portal.toast({ text: portal.word("offline"), kind: "error" });
    }
    field.focus();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-quick-add]");
    if (!form) return;
    event.preventDefault();
    const field = form.querySelector("[name=title]");
    const titles = field.value.split("\n").map((line) => line.trim()).filter(Boolean);
    if (!titles.length) { field.focus(); return; }
    const dialog = document.getElementById("board-paste");
    if (titles.length === 1 || !dialog) { add(form, titles); return; }
    dialog.querySelector("[data-paste-text]").textContent = portal.word("paste_many", { count: titles.length });
    dialog.onclose = () => {
      if (dialog.returnValue === "many") add(form, titles);
      else if (dialog.returnValue === "one") add(form, [titles.join(" ")]);
      else field.focus();
    };
    dialog.returnValue = "";
    dialog.showModal();
  });

  document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.("[data-quick-add]");
    if (!form) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
    if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); closeAdd(form).focus(); }
  });

  /* -- mouse and touch ---------------------------------------------------------------------------------------------- */

  function moveButton() {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "board-card-move";
    button.tabIndex = -1; // the key for it is m
    button.append(portal.icon("corner-down-right"));
    return button;
  }

  let hoverButton = null;
  const coarse = matchMedia("(pointer: coarse)");
  function showMove(card) {
    if (boardOf(card)?.hasAttribute("data-readonly") || card.querySelector(":scope > .board-card-move")) return;
    const button = coarse.matches ? moveButton() : (hoverButton ??= moveButton());
    button.setAttribute("aria-label", portal.word("move_one", { key: keyOf(card) }));
    button.title = portal.word("move_title");
    card.append(button);
  }
  document.addEventListener("pointerover", (event) => {
    const card = event.target.closest?.(CARD);
    if (card && !dragging) showMove(card);
  });
  // Fingers do not hover: every card on the screen shows its button.
  const seen = "IntersectionObserver" in window ? new IntersectionObserver((entries) => {
    entries.forEach((entry) => { if (entry.isIntersecting) { showMove(entry.target); seen.unobserve(entry.target); } });
  }) : null;
  function watchCards(board) {
    if (coarse.matches && seen) board.querySelectorAll(`${CARD}:not(:has(> .board-card-move))`).forEach((card) => seen.observe(card));
  }

  document.addEventListener("click", (event) => {
    const board = event.target.closest?.("[data-board]");
    const button = event.target.closest?.(".board-card-move, [data-move-card]");
    if (button) {
      event.preventDefault();
      event.stopPropagation();
      const card = button.closest(CARD) ?? document.getElementById(`card-${button.dataset.moveCard}`);
      if (card) openMove(boardOf(card), [card]);
      return;
    }
    const opener = event.target.closest?.("[data-add-open]");
    if (opener) { openAdd(opener); return; }
    if (event.target.closest?.("[data-add-close]")) { closeAdd(event.target.closest("form")).focus(); return; }
    const fold = event.target.closest?.(".board-fold");
    if (fold) { toggleFold(fold); return; }
    const jump = event.target.closest?.("[data-jump]");
    if (jump) { document.querySelector(`.board-column[data-column="${CSS.escape(jump.dataset.jump)}"]`)?.scrollIntoView({ inline: "start", block: "nearest", behavior: "smooth" }); return; }
    const card = board && event.target.closest(CARD);
    if (!card || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest("a:not(.t), button, input")) return;
    event.preventDefault();
    if (card.dataset.dragged) { delete card.dataset.dragged; return; }
    rove(board, card);
    portal.panel?.open(hrefOf(card), focusOf(card));
  }, true);

  function sortable(board) {
    if (board.hasAttribute("data-readonly") || typeof Sortable === "undefined") return;
    board.querySelectorAll("[data-cards]").forEach((list) => {
      if (Sortable.get(list)) return;
      Sortable.create(list, {
        group: board.id || "board",
        draggable: CARD,
        animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 140,
        forceFallback: true, // the same picture in every browser, and links inside cards do not fight it
        fallbackTolerance: 5,
        fallbackOnBody: true,
        delay: 180,
        delayOnTouchOnly: true,
        touchStartThreshold: 6,
        scrollSensitivity: 60,
        filter: "button, input, textarea",
        preventOnFilter: false,
        onStart: ({ item }) => { dragging = { card: item, list: item.parentElement, next: item.nextElementSibling }; hoverButton?.remove(); },
        onEnd: ({ item, to }) => {
          const from = { list: dragging.list, next: dragging.next };
          dragging = null;
          item.dataset.dragged = "1";
          setTimeout(() => delete item.dataset.dragged, 50);
          if (to !== from.list || item.nextElementSibling !== from.next) {
            move(item, to.closest(".board-column"), { after: item.previousElementSibling?.dataset.id ?? "", from });
          }
          afterDrag.splice(0).forEach((run) => run());
        },
      });
    });
  }

  /* -- folded columns, remembered in this browser -------------------------------------------------------------------- */

  const foldKey = (board) => `fold-${location.pathname}-${board.id}`;

  function toggleFold(button) {
    const column = button.closest(".board-column");
    const board = boardOf(column);
    const folded = column.classList.toggle("is-folded");
    button.setAttribute("aria-expanded", String(!folded));
    portal.memory.set(foldKey(board), columnsOf(board).filter((each) => each.classList.contains("is-folded")).map((each) => each.dataset.column));
  }

  function foldButtons(board) {
    const folded = portal.memory.get(foldKey(board)) ?? [];
    columnsOf(board).forEach((column) => {
      const header = column.querySelector(":scope > header");
      if (!header || header.querySelector(".board-fold")) return;
      const is = folded.includes(column.dataset.column);
      column.classList.toggle("is-folded", is);
      const button = document.createElement("button");
      button.type = "button";
      button.className = "board-fold";
      button.setAttribute("aria-expanded", String(!is));
      button.setAttribute("aria-label", portal.word("fold", { column: nameOf(column) }));
      button.append(portal.icon("chevrons-left"));
      header.append(button);
    });
  }

  /* -- phone: which column is in view --------------------------------------------------------------------------------- */

  function followScroll(board) {
    const tabs = document.querySelectorAll("[data-jump]");
    if (!tabs.length) return;
    const observer = new IntersectionObserver((entries) => {
      entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
        tabs.forEach((tab) => {
          const is = tab.dataset.jump === entry.target.dataset.column;
          if (is) { tab.setAttribute("aria-current", "true"); tab.scrollIntoView({ inline: "nearest", block: "nearest" }); } else tab.removeAttribute("aria-current");
        });
      });
    }, { root: board, threshold: 0.6 });
    columnsOf(board).forEach((column) => observer.observe(column));
  }

  /* -- live: others' changes ------------------------------------------------------------------------------------------ */

  async function fetchCards(board, { ids, all }) {
    if (dragging) { afterDrag.push(() => fetchCards(board, { ids, all })); return; }
    const known = [...board.querySelectorAll(CARD)].map((card) => card.dataset.id);
    const wanted = all ? [...new Set([...known, ...ids.map(String)])] : ids.map(String);
    // What this page is just moving comes with its own answer.
    const asked = wanted.filter((id) => !sending.has(id));
    if (!board.dataset.cardsUrl || (!asked.length && !all)) return;
    const query = new URLSearchParams(location.search);
    if (all) query.set("all", "1");
    else query.set("ids", asked.join(","));
    try {
      const answer = await portal.send(`${board.dataset.cardsUrl}?${query}`);
      if (!answer.ok) return;
      const html = await answer.text();
      if (dragging) { afterDrag.push(() => apply(board, html, { fresh: true })); return; }
      if (all) {
        const still = new Set([...html.matchAll(/id="card-(\d+)"/g)].map((match) => match[1]));
        known.filter((id) => !still.has(id) && !sending.has(id)).forEach((id) => document.getElementById(`card-${id}`)?.remove());
      }
      apply(board, html, { fresh: true });
    } catch {
      // The portal is away; when the stream is back the whole board is asked for once.
    }
  }

  function enhance(root) {
    const boards = root.matches?.("[data-board]") ? [root] : [...(root.querySelectorAll?.("[data-board]") ?? [])];
    boards.filter((board) => !board.dataset.ready).forEach((board) => {
      board.dataset.ready = "1";
      rove(board);
      foldButtons(board);
      sortable(board);
      watchCards(board);
      followScroll(board);
      board.addEventListener("board:changed", () => watchCards(board));
      board.addEventListener("live:cards", (event) => fetchCards(board, event.detail));
    });
  }

  document.addEventListener("undone", (event) => {
    document.querySelectorAll("[data-board][data-cards-url]").forEach((board) => {
      event.preventDefault();
      fetchCards(board, { ids: [], all: true });
    });
  });
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => enhance(document));
  else enhance(document);
})();
