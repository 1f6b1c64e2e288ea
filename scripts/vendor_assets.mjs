/*
 * Copies the browser libraries named in package.json into static/vendor, builds the icon sprite and the subset of
 * Tabler, and writes the checksums. The result is committed: nobody needs Node to run, test or deploy the portal.
 *
 *   npm run vendor
 */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as sass from "sass";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const modules = join(root, "node_modules");
const vendor = join(root, "static", "vendor");

const COPIES = [
  ["htmx.org/dist/htmx.min.js", "htmx/htmx.min.js"],
  ["htmx.org/LICENSE", "htmx/LICENSE"],
  ["idiomorph/dist/idiomorph-ext.min.js", "idiomorph/idiomorph-ext.min.js"],
  ["idiomorph/LICENSE", "idiomorph/LICENSE"],
  ["sortablejs/Sortable.min.js", "sortablejs/Sortable.min.js"],
  ["sortablejs/LICENSE", "sortablejs/LICENSE"],
  ["@fontsource-variable/inter/files/inter-latin-wght-normal.woff2", "inter/inter-latin.woff2"],
  ["@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2", "inter/inter-latin-ext.woff2"],
  ["@fontsource-variable/inter/LICENSE", "inter/LICENSE"],
  ["lucide-static/LICENSE", "lucide/LICENSE"],
  ["echarts/dist/echarts.min.js", "echarts/echarts.min.js"],
  ["echarts/LICENSE", "echarts/LICENSE"],
  ["echarts/NOTICE", "echarts/NOTICE"],
  ["tom-select/dist/js/tom-select.complete.min.js", "tom-select/tom-select.complete.min.js"],
  ["tom-select/dist/js/tom-select.complete.min.js.map", "tom-select/tom-select.complete.min.js.map"],
  ["tom-select/LICENSE", "tom-select/LICENSE"],
];

// One name a line in use; a template that asks for an icon that is not here fails its test.
const ICONS = `
  activity archive arrow-down arrow-left arrow-right arrow-right-left arrow-up arrow-up-down badge-check ban bell book-open bookmark briefcase bug
  building-2 calendar calendar-check calendar-clock calendar-days calendar-plus calendar-range chart-column chart-line chart-pie coins check check-check chevron-down chevron-left chevron-right
  chevron-up chevrons-left chevrons-right circle circle-alert circle-check circle-dashed circle-dot circle-help
  circle-play circle-x clipboard-list clock columns-3 command compass copy corner-down-right download ellipsis
  external-link eye eye-off file-text file-up filter flag flame flask-conical folder-kanban gauge git-branch globe git-merge
  grip-vertical hash hand-helping handshake heart-pulse history hourglass house inbox info key-round keyboard landmark layers
  layout-dashboard layout-grid lightbulb link list list-checks list-ordered list-filter list-todo list-tree lock log-in log-out mail map
  maximize-2 menu message-square milestone minus monitor moon move network octagon-alert package panel-left panel-right
  panel-right-close panel-right-open pause pencil play plus printer puzzle refresh-cw rocket rotate-ccw route rows-3 save scale search search-x send
  settings share-2 shield shield-check sliders-horizontal sparkles square square-check square-kanban star sun table
  tag target thumbs-up timer trash-2 trending-down trending-up triangle-alert trophy undo-2 unlink upload user user-check user-plus
  user-round users users-round user-x vote wallet wifi-off workflow wrench x zap
  alarm-clock at-sign bell-off chart-area chart-scatter chart-spline circle-pause circle-slash circle-stop columns-2 columns-4 database
  dices file-down file-plus file-spreadsheet files fingerprint folder folder-open heart image key laptop megaphone merge paperclip pin pin-off reply scan-search server
  shield-alert shield-x signature smartphone smile smile-plus stamp sticky-note ticket-check trending-up-down undo users-2
`.split(/\s+/).filter(Boolean);

const MIT = (holder) => `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

const version = (name) => JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8")).version;

function write(path, text) {
  const target = join(vendor, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}

function copyFiles() {
  for (const [from, to] of COPIES) {
    mkdirSync(dirname(join(vendor, to)), { recursive: true });
    cpSync(join(modules, from), join(vendor, to));
  }
}

function buildTabler() {
  const built = sass.compile(join(root, "scripts", "tabler_subset.scss"), {
    importers: [{ findFileUrl: (url) => (url.startsWith("@tabler/") ? new URL(url, pathToFileURL(`${modules}/`)) : null) }],
    logger: sass.Logger.silent,
    quietDeps: true,
    sourceMap: true,
    sourceMapIncludeSources: true,
    charset: false,
    style: "compressed",
  });
  // Sources are named by package, not by where this machine keeps them.
  const sources = built.sourceMap.sources.map((url) =>
    url.startsWith("file:") ? relative(root, fileURLToPath(url)).replace(/^node_modules\//, "npm:") : url,
  );
  const banner = `/*! Tabler core ${version("@tabler/core")} (subset), MIT, https://tabler.io */`;
  write("tabler/tabler-subset.css", `${banner}${built.css}\n/*# sourceMappingURL=tabler-subset.css.map */\n`);
  write("tabler/tabler-subset.css.map", JSON.stringify({ ...built.sourceMap, sources, file: "tabler-subset.css" }));
  write("tabler/LICENSE", MIT("2018-2026 The Tabler Authors; parts (c) 2011-2026 The Bootstrap Authors"));
}

function buildSprite() {
  const symbols = ICONS.map((name) => {
    const svg = readFileSync(join(modules, "lucide-static", "icons", `${name}.svg`), "utf8");
    const body = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
    return `<symbol id="${name}" viewBox="0 0 24 24">${body.replace(/\s*\n\s*/g, "")}</symbol>`;
  });
  const note = `<!-- lucide ${version("lucide-static")}, ISC, https://lucide.dev -->`;
  write("lucide/icons.svg", `<svg xmlns="http://www.w3.org/2000/svg">${note}\n${symbols.join("\n")}\n</svg>\n`);
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

function writeChecksums() {
  const lines = filesBelow(vendor)
    .map((path) => `${createHash("sha256").update(readFileSync(path)).digest("hex")}  ${relative(vendor, path)}`)
    .sort((a, b) => a.slice(66).localeCompare(b.slice(66)));
  write("SHA256SUMS", `${lines.join("\n")}\n`);
}

rmSync(vendor, { recursive: true, force: true });
copyFiles();
buildTabler();
buildSprite();
writeChecksums();
