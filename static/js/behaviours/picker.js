/*
 * A select of many options becomes a field one types into: people, units, features of a large organisation.
 * The library is fetched only by pages that have such a select; without it, or without scripts, the select stays.
 */
(() => {
  "use strict";

  const MANY = 20;
  const { library } = document.currentScript.dataset;
  let fetched;

  function fetchLibrary() {
    fetched ??= new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), { src: library, onload: resolve, onerror: reject });
      document.head.append(script);
    });
    return fetched;
  }

  function wanted(root) {
    const selects = [...root.querySelectorAll("form .field select")];
    if (root.matches?.("form .field select")) selects.push(root);
    return selects.filter((select) => select.options.length > MANY && !select.tomselect && !select.disabled);
  }

  function pick(select) {
    if (select.tomselect || !select.isConnected) return;
    const wasInIt = document.activeElement === select;
    const empty = select.querySelector('option[value=""]');
    new TomSelect(select, {
      maxOptions: 300,
      allowEmptyOption: Boolean(empty),
      closeAfterSelect: !select.multiple,
      plugins: select.multiple ? ["remove_button"] : [],
      render: {
        no_results: () => {
          const none = document.createElement("div");
          none.className = "no-results";
          none.textContent = portal.word("no_results");
          return none;
        },
      },
    });
    select.setAttribute("aria-hidden", "true"); // the field typed into has taken over the label, and what is said about it
    for (const name of ["aria-describedby", "aria-invalid", "aria-required"]) {
      const said = select.getAttribute(name) ?? (name === "aria-required" && select.required ? "true" : null);
      if (said) select.tomselect.control_input.setAttribute(name, said);
    }
    if (wasInIt) select.tomselect.focus();
  }

  function enhance(root) {
    const selects = wanted(root);
    if (selects.length) fetchLibrary().then(() => selects.forEach(pick), () => {});
  }

  document.addEventListener("htmx:load", (event) => enhance(event.target));
})();
