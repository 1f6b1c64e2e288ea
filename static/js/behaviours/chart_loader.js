/*
 * Fetches what draws charts (behaviours/chart.js) with the first chart of a page, also of a fragment that is swapped in:
 * most pages have none. Markup: templates/components/chart.html
 *   <div data-chart="…" data-chart-script="…/chart.js">
 */
(() => {
  "use strict";
  const watch = new MutationObserver(look);

  function look() {
    const plot = document.querySelector("[data-chart-script]");
    if (!plot) return;
    watch.disconnect();
    const script = document.createElement("script");
    script.src = plot.dataset.chartScript;
    // It did not come: the tables say the same.
    script.addEventListener("error", () => document.querySelectorAll(".chart-table").forEach((table) => { table.open = true; }));
    document.head.append(script);
  }

  watch.observe(document.documentElement, { childList: true, subtree: true });
  look();
})();
