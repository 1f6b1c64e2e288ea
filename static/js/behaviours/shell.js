/*
 * The shell: theme switch and the folded navigation. Both are cookies, so that the server draws the page right
 * from its first byte.
 *   data-set-theme="light|dark|system"   data-fold-nav
 */
(() => {
  "use strict";
  const root = document.documentElement;

  function setTheme(theme) {
    if (theme === "system") delete root.dataset.bsTheme;
    else root.dataset.bsTheme = theme;
    portal.cookie("theme", theme);
    document.querySelectorAll("[data-set-theme]").forEach((item) => {
      item.setAttribute("aria-checked", String(item.dataset.setTheme === theme));
    });
  }

  function foldNav(button) {
    const narrow = root.dataset.nav !== "narrow";
    if (narrow) root.dataset.nav = "narrow";
    else delete root.dataset.nav;
    button.setAttribute("aria-expanded", String(!narrow));
    portal.cookie("nav", narrow ? "narrow" : "wide");
  }

  document.addEventListener("click", (event) => {
    const theme = event.target.closest("[data-set-theme]");
    if (theme) setTheme(theme.dataset.setTheme);
    const fold = event.target.closest("[data-fold-nav]");
    if (fold) foldNav(fold);
    if (event.target.closest("[data-print]")) print();
  });

  /* <details data-open-for="choose"> opens when its form's choice needs what is inside. */
  document.addEventListener("change", (event) => {
    const details = event.target.form?.querySelector("[data-open-for]");
    if (details && event.target.type === "radio") details.open = event.target.value === details.dataset.openFor;
  });

  /* The number of what is new in the inbox: asked for when the stream says so, not by all browsers at one moment; where
     no stream is heard, every other minute. */
  let inboxTimer = 0;
  const askInbox = () => window.htmx?.trigger(document.body, "inbox");
  portal.inboxChanged = () => {
    inboxTimer ||= setTimeout(() => { inboxTimer = 0; askInbox(); }, 200 + Math.random() * 1800);
  };
  setInterval(() => { if (!document.documentElement.hasAttribute("data-live-heard")) askInbox(); }, 120_000);
})();
