/*
 * Writing about a thing: names after "@", files pasted or dropped, Ctrl+Enter.
 *   <form data-talk data-people-url> with <textarea data-talk-text>, <div data-talk-people hidden>, <input type=file data-talk-files>
 * Everything also works by hand: a name typed after "@" is understood, files are chosen.
 */
(() => {
  "use strict";
  const MOST_LETTERS = 60;
  let asked = 0;
  let timer = 0;

  const listOf = (text) => text.form?.querySelector("[data-talk-people]");
  const optionsOf = (list) => [...list.querySelectorAll("[data-name]")];

  /* What stands between the last "@" and the caret, or null. */
  function begun(text) {
    const before = text.value.slice(0, text.selectionStart);
    const found = /(?:^|[^\w@.])@([^\s@][^@\n]*|)$/u.exec(before);
    if (!found || found[1].length > MOST_LETTERS || found[1].split(" ").length > 3) return null;
    return { at: before.length - found[1].length, letters: found[1] };
  }

  function close(text) {
    asked += 1;
    clearTimeout(timer);
    const list = listOf(text);
    if (!list) return;
    list.hidden = true;
    list.replaceChildren();
    text.removeAttribute("aria-activedescendant");
    text.setAttribute("aria-expanded", "false");
  }

  function mark(text, option) {
    optionsOf(listOf(text)).forEach((each) => each.setAttribute("aria-selected", String(each === option)));
    text.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  async function find(text) {
    const wanted = begun(text);
    const list = listOf(text);
    const { peopleUrl } = text.form.dataset;
    if (!wanted || !list || !peopleUrl) { close(text); return; }
    asked += 1;
    const mine = asked;
    let answer;
    try {
      answer = await portal.send(`${peopleUrl}?q=${encodeURIComponent(wanted.letters)}`);
    } catch {
      return; // the name can be typed as well
    }
    if (!answer.ok) return;
    const html = await answer.text();
    if (mine !== asked || !text.isConnected) return;
    htmx.swap(list, html, { swapStyle: "innerHTML" });
    const options = optionsOf(list);
    if (!options.length) { close(text); return; }
    options.forEach((option, index) => { option.id = `${text.id}-person-${index}`; });
    list.id ||= `${text.id}-people`;
    text.setAttribute("role", "combobox");
    text.setAttribute("aria-autocomplete", "list");
    text.setAttribute("aria-controls", list.id);
    text.setAttribute("aria-expanded", "true");
    list.hidden = false;
    mark(text, options[0]);
  }

  function take(text, option) {
    const wanted = begun(text);
    close(text);
    text.focus();
    if (!wanted) return;
    text.setRangeText(`${option.dataset.name} `, wanted.at, text.selectionStart, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    close(text);
  }

  function tellChosen(input) {
    const place = input.form.querySelector("[data-talk-chosen]");
    if (place) place.textContent = [...input.files].map((file) => file.name).join(", ");
  }

  function addFiles(form, files) {
    const input = form.querySelector("[data-talk-files]");
    if (!input || !files.length) return false;
    const all = new DataTransfer();
    [...input.files, ...files].forEach((file) => all.items.add(file));
    input.files = all.files;
    tellChosen(input);
    portal.announce([...files].map((file) => file.name).join(", "));
    return true;
  }

  document.addEventListener("input", (event) => {
    if (!event.target.matches?.("[data-talk-text]")) return;
    clearTimeout(timer);
    const text = event.target;
    if (begun(text)) timer = setTimeout(() => find(text), 150);
    else close(text);
  });

  document.addEventListener("keydown", (event) => {
    const text = event.target;
    if (!text.matches?.("[data-talk-text]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      close(text);
      text.form.requestSubmit();
      return;
    }
    const list = listOf(text);
    const cancel = text.form.querySelector("[data-talk-cancel]");
    if (event.key === "Escape" && cancel && (!list || list.hidden)) {
      event.preventDefault();
      cancel.click();
      return;
    }
    if (!list || list.hidden) return;
    const options = optionsOf(list);
    const here = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : options.length - 1;
      mark(text, options[(here + step) % options.length]);
    } else if ((event.key === "Enter" || event.key === "Tab") && here >= 0) {
      event.preventDefault();
      take(text, options[here]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      close(text);
    }
  });

  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest?.("[data-talk-people] [data-name]");
    if (!option) return;
    event.preventDefault(); // the caret stays where it is
    const text = option.closest("form").querySelector("[data-talk-text]");
    take(text, option);
  });

  document.addEventListener("focusout", (event) => {
    if (event.target.matches?.("[data-talk-text]")) close(event.target);
  });

  document.addEventListener("paste", (event) => {
    const form = event.target.closest?.("form[data-talk]");
    const files = [...(event.clipboardData?.files ?? [])];
    if (form && files.length && addFiles(form, files)) event.preventDefault();
  });

  /* What was taken back is drawn anew where it is shown, in the panel as well; before the panel or the page is. */
  document.addEventListener("undone", (event) => {
    const url = event.detail?.url ?? "";
    const place = document.querySelector(url.startsWith("/comments/") ? "[data-talk-list]" : url.startsWith("/files/") ? "[data-talk-kept]" : "#none");
    if (!place) return;
    event.preventDefault();
    event.stopPropagation();
    const isList = "talkList" in place.dataset;
    const target = isList ? place : place.closest("article");
    htmx.ajax("GET", isList ? place.dataset.talkList : place.dataset.talkKept, { target, swap: "outerHTML" });
  }, true);

  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-talk-files]")) tellChosen(event.target);
  });

  /* What was removed took its buttons along: one goes on reading with the next, else writes. */
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.requestConfig?.verb !== "post") return;
    const gone = document.getElementById(event.detail.target?.id);
    // By what it holds: until it has settled it keeps the classes of what was there.
    const isLeft = (comment) => comment.querySelector(".comment-head");
    const talk = gone?.matches(".comment") && !isLeft(gone) && gone.closest("#talk");
    if (!talk) return;
    const others = [...talk.querySelectorAll(".comment")].filter(isLeft);
    const next = others.find((each) => gone.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING);
    (next ?? talk.querySelector("#talk-new [data-talk-text]") ?? others.at(-1) ?? gone).focus();
  });

  document.addEventListener("dragover", (event) => {
    const form = event.target.closest?.("form[data-talk]");
    if (!form || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    form.classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => {
    const form = event.target.closest?.("form[data-talk]");
    if (form && !form.contains(event.relatedTarget)) form.classList.remove("is-over");
  });
  document.addEventListener("drop", (event) => {
    const form = event.target.closest?.("form[data-talk]");
    if (!form) return;
    form.classList.remove("is-over");
    if (addFiles(form, [...(event.dataTransfer?.files ?? [])])) event.preventDefault();
  });
})();
