/*
 * Edit in place: components/inline_edit.html. Click or Enter opens, Enter saves (Ctrl-Enter in a long text),
 * Escape puts back what was there; leaving a changed field saves it. The server answers with the component again.
 */
(() => {
  "use strict";
  let sessionFocus = ""; // the field that gets the focus back after the answer is swapped in
  const showOf = (edit) => edit.querySelector("[data-inline-show]");
  const formOf = (edit) => edit.querySelector("[data-inline-form]");
  const fieldOf = (edit) => formOf(edit)?.querySelector("input:not([type=hidden]), select, textarea");

  function open(edit) {
    const field = fieldOf(edit);
    showOf(edit).hidden = true;
    formOf(edit).hidden = false;
    edit.dataset.before = field.value;
    field.focus();
    if (field.select && field.tagName !== "SELECT") field.select();
  }

  function restore(edit, { focus = true } = {}) {
    const field = fieldOf(edit);
    if (edit.dataset.before !== undefined) field.value = edit.dataset.before;
    field.removeAttribute("aria-invalid");
    edit.querySelector(".field-error")?.remove();
    formOf(edit).hidden = true;
    showOf(edit).hidden = false;
    if (focus) showOf(edit).focus();
  }

  function save(edit, { focus = true } = {}) {
    const field = fieldOf(edit);
    if (field.value === edit.dataset.before && !edit.querySelector("[data-conflict]")) { restore(edit, { focus }); return; }
    if (edit.dataset.saving) return;
    edit.dataset.saving = "1";
    if (focus) edit.dataset.refocus = "1";
    formOf(edit).requestSubmit();
  }

  document.addEventListener("click", (event) => {
    const show = event.target.closest("[data-inline-show]");
    if (show) open(show.closest("[data-inline-edit]"));
    const cancel = event.target.closest("[data-inline-cancel]");
    if (cancel) restore(cancel.closest("[data-inline-edit]"));
  });

  document.addEventListener("keydown", (event) => {
    const edit = event.target instanceof Element ? event.target.closest("[data-inline-form]")?.closest("[data-inline-edit]") : null;
    if (!edit) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      restore(edit);
    } else if (event.key === "Enter" && !event.shiftKey && event.target.matches("input, select, textarea")) {
      if (event.target.matches("textarea[data-long]") && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      save(edit);
    }
  }, true);

  document.addEventListener("change", (event) => {
    const edit = event.target.closest("[data-inline-form] select")?.closest("[data-inline-edit]");
    if (edit) save(edit);
  });

  document.addEventListener("focusout", (event) => {
    const edit = event.target instanceof Element ? event.target.closest("[data-inline-edit]") : null;
    if (!edit || !event.target.closest("[data-inline-form]") || edit.contains(event.relatedTarget)) return;
    if (edit.dataset.saving || !document.hasFocus() || formOf(edit).hidden) return;
    if (edit.querySelector("[data-conflict], [aria-invalid=true]")) return; // the person decides, not a lost focus
    save(edit, { focus: false });
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const edit = event.detail.target;
    if (edit?.matches?.("[data-inline-edit][data-refocus]")) sessionFocus = edit.id;
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (!sessionFocus) return;
    const edit = document.getElementById(sessionFocus);
    sessionFocus = "";
    if (!edit) return;
    if (formOf(edit)?.hidden) showOf(edit)?.focus();
    else fieldOf(edit)?.focus();
    const saved = edit.querySelector(".inline-edit-saved");
    if (saved) portal.announce(saved.textContent.trim());
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const edit = event.target instanceof Element ? event.target.closest("[data-inline-edit]") : null;
    if (edit) delete edit.dataset.saving;
  });
})();
