/*
 * Charts. The server says what a chart shows (metrics/charts/chart.py: points, axes, marks, addresses); this file draws
 * it with ECharts, which is fetched when a page has a chart in sight. Fetched by chart_loader.js. Markup: templates/components/chart.html.
 *   <div data-chart="id of its JSON" data-chart-label="what it shows" data-chart-library="…/echarts.min.js">
 *   <button data-chart-save="png|svg">, hidden until there is something to save
 * Drawn again when its JSON, the theme or the width changes; on paper always light. A click on a datum opens its list.
 */
(() => {
  "use strict";
  const TONES = ["accent", "good", "warn", "bad", "info", "violet", "quiet"];
  const PLACES = 8;
  const FONT_SIZE = 11;
  const DAY = 86400000;
  const YEAR = 366; // days of an axis beyond which a day says less than its year
  const drawn = new Map(); // plot -> {chart, source}
  const language = document.documentElement.lang || undefined;
  const numbers = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const ticks = new Intl.NumberFormat(language, { maximumFractionDigits: 3 }); // of an axis: 0.05 and 0.1 are two places
  const percents = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const dayParts = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

  /* 4 Nov 2026, in this order in every language, as the server writes it (lib.format). */
  function dayWord(value, { long, isYears = false }) {
    const parts = Object.fromEntries(dayParts.formatToParts(new Date(value * DAY)).map(({ type, value: text }) => [type, text]));
    if (isYears && !long) return `${parts.month} ${parts.year}`;
    return long ? `${parts.day} ${parts.month} ${parts.year}` : `${parts.day} ${parts.month}`;
  }

  /* ---- colours: tokens use light-dark(), so the browser is asked what they come to */

  let printing = false;
  const isPrinting = () => printing || matchMedia("print").matches;

  function coloursOf(plot) {
    const probe = document.createElement("i");
    probe.hidden = true;
    if (isPrinting()) probe.style.colorScheme = "light"; // paper is white, whatever the screen
    plot.append(probe);
    const read = (name) => {
      probe.style.color = `var(--${name})`;
      return getComputedStyle(probe).color;
    };
    const found = {
      paper: read("paper"), raised: read("raised"), ink: read("ink"), ink2: read("ink-2"), ink3: read("ink-3"),
      line: read("line"), base: read("line-2"),
      tones: Object.fromEntries(TONES.map((name) => [name, read(name)])),
      places: Array.from({ length: PLACES }, (_each, at) => read(`chart-${at + 1}`)),
    };
    probe.remove();
    return found;
  }

  const channels = (colour) => (colour.match(/[\d.]+/g) ?? [0, 0, 0]).slice(0, 3).map(Number);
  const fade = (colour, opacity) => `rgba(${channels(colour).join(",")},${opacity})`;

  /* A colour thinned with paper: areas lie on each other and must not shine through. */
  function soften(colour, paper, share) {
    const ground = channels(paper);
    return `rgb(${channels(colour).map((value, at) => Math.round(value * share + ground[at] * (1 - share))).join(",")})`;
  }

  /* ---- words: values as an axis counts them */

  const TICKS = [1, 2, 7, 14, 28, 56, 91, 182, 364];
  // A day, or a moment by the portal's clock ("2026-11-04T14:05:00").
  const numberOf = (day) => Date.parse(day.length > 10 ? `${day}Z` : `${day}T00:00:00Z`) / DAY;

  function wordOf(axis, value, { long = false } = {}) {
    if (value === null || value === undefined) return "–";
    if (axis.scale === "labels") return axis.labels[Math.round(value)] ?? "";
    if (axis.scale === "days") return dayWord(value, { long, isYears: axis.last - axis.first > YEAR });
    if (axis.ratio) return `${percents.format(100 * value)}\u00a0%`; // as lib.format writes it
    return long && axis.unit ? `${numbers.format(value)} ${axis.unit}` : numbers.format(value);
  }

  /* A place of an axis: a round number, which may have more digits than a value is shown with. */
  function tickOf(axis, value) {
    if (axis.scale !== "numbers") return wordOf(axis, value);
    return axis.ratio ? `${numbers.format(100 * value)}\u00a0%` : ticks.format(value);
  }

  /* SECURITY: a tooltip is built of nodes with text, never of HTML: names come from people and trackers. */
  function note(title, lines, foot = "") {
    const box = document.createElement("div");
    const head = document.createElement("div");
    head.className = "chart-tip-head";
    head.textContent = title;
    box.append(head);
    for (const { colour, name, value } of lines) {
      const line = document.createElement("div");
      line.className = "chart-tip-line";
      const sign = document.createElement("i");
      sign.className = "chart-tip-sign";
      sign.style.background = colour;
      const word = document.createElement("span");
      word.textContent = name;
      const amount = document.createElement("b");
      amount.textContent = value;
      line.append(sign, word, amount);
      box.append(line);
    }
    if (foot) {
      const words = document.createElement("div");
      words.className = "chart-tip-foot";
      words.textContent = foot;
      box.append(words);
    }
    return box;
  }

  /* ---- from what the server says to what ECharts draws */

  /* Days are counted, so that ticks are even, whatever months and clocks do. */
  function read(source) {
    const spec = JSON.parse(source);
    if (spec.x.scale !== "days") return spec;
    spec.series.forEach((series) => series.points.forEach((point) => { point[0] = numberOf(point[0]); }));
    spec.marks.filter((mark) => mark.axis === "x").forEach((mark) => { mark.at = numberOf(mark.at); });
    const ends = (spec.x.span ?? []).map(numberOf);
    const all = [...ends, ...spec.series.flatMap((series) => series.points.map((point) => point[0])), ...spec.marks.filter((mark) => mark.axis === "x").map((mark) => mark.at)];
    spec.x.first = Math.min(...all);
    spec.x.last = Math.max(...all);
    if (spec.x.first === spec.x.last) { spec.x.first -= 1; spec.x.last += 1; } // one day alone stands in the middle, with its name below
    return spec;
  }

  /* The round value at or above a mark: where an axis may end. */
  function roundUp(value) {
    const step = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
    return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((factor) => factor * step).find((round) => round >= value) ?? value;
  }

  /* Names that all begin alike are told apart by their ends: of "Harbour 11", "Harbour 12" a narrow axis shows "… 12". */
  const FREE = 14; // letters that are never cut
  function shortNames(labels) {
    const [first = "", ...others] = labels;
    let length = first.lastIndexOf(" ") + 1;
    while (length > 0 && !others.every((label) => label.startsWith(first.slice(0, length)))) length = first.lastIndexOf(" ", length - 2) + 1;
    return others.length && length > 3 && labels.some((label) => label.length > FREE) ? labels.map((label) => `… ${label.slice(length)}`) : labels;
  }

  const isWhole = (spec) => spec.series.every((series) => series.points.every((point) => [point[1], series.kind === "band" ? point[5] : null].every((value) => value === null || Number.isInteger(value))));

  function axisOption(axis, colours, { isX, spec, isNarrow }) {
    const isLabels = axis.scale === "labels";
    const isDays = axis.scale === "days";
    const room = isDays && spec.series.some((series) => series.kind === "bar") ? 0.6 : isDays && spec.binned ? 4 : 0; // for what stands at the edge
    const labels = isLabels ? shortNames(axis.labels) : [];
    const marks = spec.marks.filter((mark) => mark.axis === (isX ? "x" : "y")).map((mark) => Number(mark.at)).filter(Number.isFinite);
    return {
      type: isLabels ? "category" : "value",
      data: isLabels ? labels : undefined,
      name: isX ? "" : axis.name,
      nameLocation: "end",
      nameGap: 10,
      nameTextStyle: { color: colours.ink3, align: "left", fontSize: FONT_SIZE, padding: [0, 0, 0, -4] },
      // A mark beyond the last value must be in the picture too (across y: `reachingMarks`).
      max: isDays ? axis.last + room : isX && !isLabels && marks.length ? ({ max }) => (Math.max(...marks) > max ? roundUp(Math.max(...marks)) : null) : undefined,
      min: axis.start ? axis.start : isDays ? axis.first - room : isX && !isLabels ? ({ min }) => Math.min(min, 0) : undefined,
      interval: isDays ? TICKS.find((step) => (axis.last - axis.first) / step <= (isNarrow ? 4 : 8)) ?? 728 : undefined,
      boundaryGap: isLabels && isX ? !spec.series.every((series) => ["line", "area", "band"].includes(series.kind)) : undefined,
      minInterval: !axis.ratio && axis.scale === "numbers" && (isX || isWhole(spec)) ? 1 : undefined, // no half items
      splitNumber: isX ? (isNarrow ? 3 : 6) : 4,
      axisLine: { show: isX, lineStyle: { color: colours.base } },
      axisTick: { show: false },
      axisLabel: {
        color: colours.ink3, fontSize: FONT_SIZE, hideOverlap: true, showMaxLabel: isDays ? false : undefined,
        // Days and short names are left out rather than cut; long ones are cut.
        overflow: "truncate", width: labels.some((label) => label.length > FREE) ? Math.max(64, Math.min(isNarrow ? 90 : 140, 720 / labels.length), (isNarrow ? 280 : 480) / labels.length) : undefined,
        formatter: isLabels ? undefined : (value) => tickOf(axis, value),
      },
      splitLine: { show: !isX, lineStyle: { color: colours.line, type: [2, 4] } },
      axisPointer: { label: { show: false }, lineStyle: { color: colours.base }, shadowStyle: { color: fade(colours.ink3, 0.1) } },
    };
  }

  /* The area of a dot says how many items it stands for; beside very large ones the others shrink. */
  const dot = (size, largest) => (largest <= 60 ? 5 + 2.2 * Math.sqrt(size) : 5 + 15 * Math.sqrt(size / largest));
  const CROWD = 300; // above so many dots they are smaller, to be told apart

  function seriesOption(series, colour, spec, colours) {
    const points = series.points;
    const common = { name: series.name, animation: false, cursor: points.some((point) => point[2] !== null) ? "pointer" : "default" };
    const data = points.map((point) => ({ value: [point[0], point[1]], point }));
    if (series.kind === "bar") {
      return [{ ...common, type: "bar", stack: series.stack || undefined, data, barMaxWidth: 36, barCategoryGap: "24%",
        itemStyle: { color: colour, borderRadius: series.stack ? 0 : [2, 2, 0, 0] }, emphasis: { itemStyle: { opacity: 0.8 } } }];
    }
    if (series.kind === "scatter") {
      const largest = Math.max(...points.map((point) => point[4]));
      return [{ ...common, type: "scatter", data, clip: false, symbolSize: (value, { data: { point } }) => Math.max(points.length > CROWD ? 6 : 8, dot(point[4], largest) - (points.length > CROWD ? 2 : 0)),
        itemStyle: { color: colour, opacity: 0.85, borderColor: colours.paper, borderWidth: 1 }, emphasis: { itemStyle: { opacity: 1, borderColor: colours.ink } }, z: 3 }];
    }
    if (series.kind === "histogram") {
      return [{ ...common, type: "custom", encode: { x: [0, 2], y: 1 }, data: points.map((point) => ({ value: [point[0], point[1], point[5]], point })),
        itemStyle: { color: colour },
        renderItem: (_params, api) => {
          const [left, top] = api.coord([api.value(0), api.value(1)]);
          const [right, bottom] = api.coord([api.value(2), 0]);
          const gap = right - left > 6 ? 1.5 : 0.25;
          return { type: "rect", shape: { x: left + gap, y: top, width: Math.max(right - left - 2 * gap, 1), height: bottom - top, r: [2, 2, 0, 0] },
            style: { fill: colour }, emphasis: { style: { fill: fade(colour, 0.8) } } };
        } }];
    }
    const line = { ...common, type: "line", stack: series.stack || undefined, step: series.step ? "end" : false, connectNulls: false,
      symbol: "circle", symbolSize: 6, showSymbol: points.length === 1, data,
      lineStyle: { color: colour, width: series.dashed ? 1.5 : 2, type: series.dashed ? [5, 4] : "solid" }, itemStyle: { color: colour },
      emphasis: { disabled: true } };
    if (series.kind === "area") return [{ ...line, areaStyle: { color: soften(colour, colours.paper, 0.62), opacity: 1 }, itemStyle: { color: soften(colour, colours.paper, 0.62) }, lineStyle: { color: colours.paper, width: 1 } }];
    if (series.kind === "band") {
      const stack = `band-${series.name}`;
      const quiet = { ...line, stack, symbol: "none", lineStyle: { width: 0 }, itemStyle: { color: fade(colour, 0.3) }, silent: true, z: 1 };
      return [
        { ...quiet, data: points.map((point) => ({ value: [point[0], point[1]] })), isHelp: true },
        { ...quiet, data: points.map((point) => ({ value: [point[0], point[1] === null ? null : point[5] - point[1]], point })),
          areaStyle: { color: colour, opacity: 0.16 } },
      ];
    }
    return [line];
  }

  /* Marks across x carry their words above the plot, each on a line of its own, so that near ones can be read. Marks
     across y carry them beside the plot, or in it where it is narrow, pushed apart (`spreadMarks`). */
  const STEP = 14;
  const acrossMarks = (spec) => spec.marks.filter((mark) => mark.axis === "x");
  const uprightMarks = (spec) => spec.marks.filter((mark) => mark.axis !== "x");

  /* Without double quotes: the library writes it into an attribute of the SVG file, which no program could read then. */
  const fontFamily = () => getComputedStyle(document.body).fontFamily.replaceAll('"', "'");

  const wordsWidth = (mark) => Math.ceil(window.echarts.format.getTextRect(mark.label, `${FONT_SIZE}px ${fontFamily()}`).width);
  const besideWidth = (spec, isNarrow) => (isNarrow ? 0 : Math.max(0, ...[...uprightMarks(spec), ...spec.bands].map((each) => (each.label ? wordsWidth(each) + 8 : 0))));

  /* In a narrow plot the words of a mark stand at that end of it where lines are further away. */
  function isFreeAtStart(spec, mark) {
    const lines = spec.series.filter((series) => series.kind === "line").map((series) => series.points.filter((point) => point[1] !== null)).filter((points) => points.length > 1);
    const away = (place) => Math.min(...lines.map((points) => Math.abs(points.at(place)[1] - Number(mark.at))));
    return lines.length > 0 && away(0) > away(-1);
  }

  function marksOption(spec, colours, { isNarrow, shifts = new Map() }) {
    const colour = (mark) => colours.tones[mark.tone] ?? colours.ink;
    const words = (mark) => {
      const common = { formatter: mark.label, color: colours.ink, fontSize: FONT_SIZE, rotate: 0, textBorderColor: colours.paper, textBorderWidth: 3 };
      const ground = isNarrow ? { backgroundColor: fade(colours.paper, 0.85), padding: [1, 3] } : {}; // over dots and bars
      if (mark.axis === "x") return { ...common, position: "end", distance: 8 + STEP * (1 + acrossMarks(spec).indexOf(mark)) };
      const shift = shifts.get(mark) ?? 0;
      return { ...common, ...ground, position: isNarrow && isFreeAtStart(spec, mark) ? "insideStartTop" : "insideEndTop", align: isNarrow && !isFreeAtStart(spec, mark) ? "right" : "left", verticalAlign: isNarrow ? "bottom" : "middle", distance: isNarrow ? [0, 3 + shift] : [-8, shift] };
    };
    return {
      silent: true, animation: false, symbol: "none",
      data: spec.marks.map((mark) => ({
        [mark.axis === "x" ? "xAxis" : "yAxis"]: mark.at,
        lineStyle: { color: colour(mark), type: [4, 3], width: 1.2 },
        label: words(mark),
      })),
    };
  }

  /* Points that nobody sees, so that the y axis reaches to its marks in even steps. */
  const reachingMarks = (spec) => {
    const at = spec.x.scale === "days" ? spec.x.first : spec.x.scale === "labels" ? 0 : spec.series[0]?.points[0]?.[0] ?? 0;
    return uprightMarks(spec).map((mark) => ({ value: [at, Number(mark.at)] }));
  };

  /* Words of marks that lie near each other are moved apart, the lowest first, and back down where they would leave the top. */
  function spreadMarks(chart, spec, colours, { isNarrow }) {
    const marks = uprightMarks(spec);
    if (marks.length < 2) return;
    const placed = marks.map((mark) => ({ mark, line: chart.convertToPixel({ yAxisIndex: 0 }, Number(mark.at)) })).sort((one, other) => other.line - one.line);
    placed.forEach((each, at) => { each.words = at ? Math.min(each.line, placed[at - 1].words - STEP) : each.line; });
    const below = Math.max(0, STEP / 2 - placed.at(-1).words);
    const shifts = new Map(placed.map(({ mark, line, words }) => [mark, line - words - below]));
    if ([...shifts.values()].some(Boolean)) chart.setOption({ series: [{ id: "marks", markLine: marksOption(spec, colours, { isNarrow, shifts }) }] });
  }

  function bandsOption(spec, colours, { isNarrow }) {
    return {
      silent: true, animation: false,
      data: spec.bands.map((band) => [
        { yAxis: band.start, name: band.label, itemStyle: { color: fade(colours.tones[band.tone] ?? colours.ink3, 0.12) },
          label: { position: isNarrow ? "insideTopRight" : "right", distance: 8, color: colours.ink2, fontSize: FONT_SIZE } },
        { yAxis: band.end ?? Infinity },
      ]),
    };
  }

  const isNarrow = (width) => width < 480;

  function optionOf(spec, colours, { label, width }) {
    const narrow = isNarrow(width);
    const series = [];
    spec.series.forEach((each, place) => {
      const colour = each.tone ? colours.tones[each.tone] ?? colours.ink2 : spec.series.length === 1 ? colours.tones.accent : colours.places[place % PLACES];
      seriesOption(each, colour, spec, colours).forEach((option) => series.push({ ...option, id: `${place}-${series.length}`, colour, place }));
    });
    // Marks and bands belong to no series that could be hidden: they hang on one that draws nothing.
    series.push({ id: "marks", type: "line", data: reachingMarks(spec), symbol: "none", lineStyle: { width: 0 }, silent: true, tooltip: { show: false }, markLine: marksOption(spec, colours, { isNarrow: narrow }), markArea: bandsOption(spec, colours, { isNarrow: narrow }), z: 5 });
    const named = spec.series.filter((each) => each.name);
    const hasLegend = named.length > 1;
    const byItem = spec.series.some((each) => ["scatter", "histogram"].includes(each.kind));
    return {
      animation: false,
      textStyle: { fontFamily: fontFamily(), color: colours.ink2 },
      aria: { enabled: true, label: { description: label } },
      grid: { left: 2, right: 14 + besideWidth(spec, narrow), top: (hasLegend ? 50 : 26) + (acrossMarks(spec).length ? acrossMarks(spec).length * STEP + 6 : 0), bottom: 6, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      legend: hasLegend ? { type: "scroll", left: 0, right: 0, top: 0, itemWidth: 14, itemHeight: 9, icon: "roundRect", data: named.map((each) => each.name),
        textStyle: { color: colours.ink2, fontSize: FONT_SIZE }, pageTextStyle: { color: colours.ink3 }, pageIconColor: colours.ink2, pageIconInactiveColor: colours.line, inactiveColor: colours.ink3 } : undefined,
      xAxis: axisOption(spec.x, colours, { isX: true, spec, isNarrow: narrow }),
      yAxis: axisOption(spec.y, colours, { isX: false, spec, isNarrow: narrow }),
      tooltip: {
        trigger: byItem ? "item" : "axis", confine: true, transitionDuration: 0, axisPointer: { type: spec.series.some((each) => each.kind === "bar") ? "shadow" : "line" },
        backgroundColor: colours.raised, borderColor: colours.base, padding: [6, 10], textStyle: { color: colours.ink, fontSize: 12 },
        formatter: (params) => tip(params, spec, series),
      },
      series,
    };
  }

  function tip(params, spec, series) {
    const found = (Array.isArray(params) ? params : [params]).filter((each) => each.data?.point);
    if (!found.length) return "";
    const [{ data: { point: first } }] = found;
    const foot = taps() && found.some(({ data: { point } }) => point[2] !== null) ? spec.tap : "";
    const lineOf = (each) => {
      const { point } = each.data;
      const { colour, place } = series[each.seriesIndex];
      const { kind, name } = spec.series[place];
      const value = kind === "band" ? `${wordOf(spec.y, point[1])}–${wordOf(spec.y, point[5], { long: true })}` : wordOf(spec.y, point[1], { long: true });
      return { colour, name: name || spec.y.name, value };
    };
    if (Array.isArray(params)) return note(first[3] || wordOf(spec.x, first[0], { long: true }), found.map(lineOf), foot);
    const isDot = spec.series[series[params.seriesIndex].place].kind === "scatter";
    const title = first[3] || wordOf(spec.x, first[0], { long: true });
    const lines = [lineOf(found[0])];
    if (isDot) lines[0].name = spec.y.name;
    if (isDot && first[3]) lines.unshift({ colour: "transparent", name: spec.x.name, value: wordOf(spec.x, first[0], { long: true }) });
    if (isDot && spec.binned) lines.length = 0; // the bin is named; its middle says less
    if (isDot && first[4] > 1) lines.push({ colour: lines.length ? "transparent" : series[params.seriesIndex].colour, name: spec.items, value: numbers.format(first[4]) });
    return note(title, lines, foot);
  }

  /* ---- drawing */

  let library;
  function load(url) {
    library ??= new Promise((resolve, reject) => {
      if (window.echarts) { resolve(window.echarts); return; }
      const script = document.createElement("script");
      script.src = url;
      script.addEventListener("load", () => resolve(window.echarts));
      script.addEventListener("error", () => { library = undefined; reject(new Error("charts")); });
      document.head.append(script);
    });
    return library;
  }

  const specOf = (plot) => document.getElementById(plot.dataset.chart)?.textContent ?? "";

  function draw(plot, { force = false } = {}) {
    const source = specOf(plot);
    const before = drawn.get(plot);
    if (!source || !plot.isConnected || (before?.source === source && before.chart.getDom().isConnected && !force)) return;
    if (before && !before.chart.getDom().isConnected) before.chart.dispose();
    let chart = before && !before.chart.isDisposed() ? before.chart : null;
    if (!chart) {
      const box = document.createElement("div");
      box.className = "chart-drawing";
      box.dataset.chartDrawing = "";
      plot.replaceChildren(box);
      chart = window.echarts.init(box, null, { renderer: "svg" });
      listen(plot, chart);
    }
    const spec = read(source);
    const option = optionOf(spec, coloursOf(plot), { label: plot.dataset.chartLabel, width: plot.clientWidth });
    chart.setOption(option, { notMerge: true });
    spreadMarks(chart, spec, coloursOf(plot), { isNarrow: isNarrow(plot.clientWidth) });
    chart.getZr().flush(); // at once: what is swapped in does not flash
    chart.getDom().dataset.chartDrawn = Number(chart.getDom().dataset.chartDrawn ?? 0) + 1; // how often: tests wait for it
    drawn.set(plot, { chart, source, spec, series: option.series });
    plot.closest("section")?.querySelectorAll("[data-chart-save]").forEach((button) => { button.hidden = false; });
  }

  /* The datum that was meant: the one that was hit, else the nearest of a line, in the area that was hit. */
  function datumAt(plot, chart, event) {
    const { spec } = drawn.get(plot);
    const place = [event.offsetX, event.offsetY];
    if (!chart.containPixel("grid", place)) return null;
    const [x, y] = chart.convertFromPixel("grid", place);
    const shown = chart.getOption().legend?.[0]?.selected ?? {};
    let best = null;
    for (const series of spec.series) {
      if (!["line", "area", "bar"].includes(series.kind) || shown[series.name] === false) continue;
      let nearest = null;
      for (const point of series.points) {
        const away = Math.abs(point[0] - x);
        if (point[1] !== null && (!nearest || away < nearest.away)) nearest = { away, point, series };
      }
      if (!nearest || nearest.point[2] === null) continue;
      // Under a line is what it counts; above all lines the highest is meant.
      const over = nearest.point[1] - y;
      if (!best || (over >= 0 ? best.over < 0 || over <= best.over : best.over < 0 && over > best.over)) best = { ...nearest, over };
    }
    return best;
  }

  /* Without a pointer that hovers, a first tap shows what a datum says; a second one near it opens what it leads to. */
  const taps = () => matchMedia("(hover: none)").matches;
  const FINGER = 24;
  let tapped = null;
  function isFirstTap(plot, { offsetX: x, offsetY: y }) {
    const isNear = tapped?.plot === plot && Math.hypot(tapped.x - x, tapped.y - y) <= FINGER;
    tapped = isNear ? null : { plot, x, y };
    return !isNear;
  }

  function follow(plot, series, point, event) {
    if (!series || !point || point[2] === null || (taps() && isFirstTap(plot, event))) return;
    const url = series.base + point[2];
    const native = event.event;
    if (native?.ctrlKey || native?.metaKey || native?.shiftKey) window.open(url, "_blank", "noopener");
    else if (drawn.get(plot).spec.panel && point[4] === 1 && portal.panel) portal.panel.open(url, plot);
    else location.assign(url);
  }

  function listen(plot, chart) {
    let hit = false;
    chart.on("click", (params) => {
      if (params.componentType !== "series" || !params.data?.point) return;
      hit = true;
      const { spec, series } = drawn.get(plot);
      follow(plot, spec.series[series[params.seriesIndex].place], params.data.point, params.event);
    });
    chart.getZr().on("click", (event) => {
      // After the chart's own click, so that a dot is not followed twice.
      queueMicrotask(() => {
        if (hit) { hit = false; return; }
        const { spec } = drawn.get(plot);
        if (spec.series.some((series) => series.kind === "scatter" || series.kind === "histogram")) return;
        const found = datumAt(plot, chart, event);
        if (found) follow(plot, found.series, found.point, event);
      });
    });
    chart.getZr().on("mousemove", (event) => {
      const { spec } = drawn.get(plot);
      if (spec.series.some((series) => series.kind === "scatter" || series.kind === "histogram")) return;
      chart.getZr().setCursorStyle(datumAt(plot, chart, event) ? "pointer" : "default");
    });
  }

  const width = new ResizeObserver((entries) => entries.forEach(({ target }) => {
    const before = drawn.get(target);
    if (before && !before.chart.isDisposed() && target.clientWidth && Math.abs(before.chart.getWidth() - target.clientWidth) > 1) {
      before.chart.resize();
      draw(target, { force: true });
    }
  }));

  const sight = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
    if (!isIntersecting) return;
    sight.unobserve(target);
    load(target.dataset.chartLibrary).then(() => draw(target)).catch(() => open(target));
  }), { rootMargin: "400px" });

  /* The library did not come: the table says the same. */
  function open(plot) {
    plot.hidden = true;
    plot.closest("section")?.querySelector(".chart-table")?.setAttribute("open", "");
  }

  const known = new WeakSet();
  function look() {
    for (const [plot, { chart }] of drawn) {
      if (!plot.isConnected) { chart.dispose(); drawn.delete(plot); width.unobserve(plot); }
    }
    document.querySelectorAll("[data-chart]").forEach((plot) => {
      if (drawn.has(plot)) draw(plot);
      else if (!known.has(plot)) { known.add(plot); sight.observe(plot); width.observe(plot); later(plot); }
    });
  }

  /* What is further down is drawn when the browser has time for it, so that the whole page can be printed. */
  function later(plot) {
    const idle = window.requestIdleCallback ?? ((work) => setTimeout(work, 200));
    setTimeout(() => idle(() => {
      if (plot.isConnected && !drawn.has(plot)) load(plot.dataset.chartLibrary).then(() => draw(plot)).catch(() => open(plot));
    }), 1500);
  }

  /* A live page is morphed: what is drawn stays until its numbers change. */
  if (window.Idiomorph) {
    const { callbacks } = window.Idiomorph.defaults;
    const also = callbacks.beforeNodeRemoved;
    callbacks.beforeNodeRemoved = (node) => (node instanceof Element && node.matches("[data-chart-drawing]") && node.parentElement?.isConnected ? false : also?.(node));
  }
  new MutationObserver((changes) => {
    if (changes.some(({ target }) => !(target instanceof Element) || !target.closest("[data-chart-drawing]"))) look();
  }).observe(document.documentElement, { childList: true, subtree: true, characterData: true });

  const again = () => { for (const plot of drawn.keys()) draw(plot, { force: true }); };
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);

  /* On paper everything is drawn, in light colours. */
  window.addEventListener("beforeprint", () => {
    printing = true;
    if (window.echarts) document.querySelectorAll("[data-chart]").forEach((plot) => draw(plot, { force: true }));
  });
  matchMedia("print").addEventListener("change", again);
  window.addEventListener("afterprint", () => { printing = false; again(); });

  /* ---- files */

  function save(url, name) {
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    if (url.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  function picture(plot, kind) {
    const { spec, chart } = drawn.get(plot);
    const colours = coloursOf(plot);
    const title = plot.closest("section")?.querySelector("h2, h3")?.textContent.trim() ?? "";
    const box = document.createElement("div");
    box.className = "chart-stage";
    box.style.width = `${Math.max(chart.getWidth(), 640)}px`;
    box.style.height = `${chart.getHeight() + 40}px`;
    document.body.append(box);
    const stage = window.echarts.init(box, null, { renderer: kind === "svg" ? "svg" : "canvas" });
    const option = optionOf(spec, colours, { label: plot.dataset.chartLabel, width: stage.getWidth() });
    option.title = { text: title, left: 0, top: 0, textStyle: { color: colours.ink, fontSize: 14, fontWeight: 600 } };
    option.grid = { ...option.grid, top: option.grid.top + 34, left: 10, right: option.grid.right + 6, bottom: 10 };
    if (option.legend) option.legend.top = 30;
    option.backgroundColor = colours.paper;
    stage.setOption(option);
    spreadMarks(stage, spec, colours, { isNarrow: isNarrow(stage.getWidth()) });
    if (kind === "svg") {
      save(URL.createObjectURL(new Blob([stage.renderToSVGString()], { type: "image/svg+xml" })), `${plot.dataset.chartFile}.svg`);
    } else {
      stage.getZr().flush();
      save(stage.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: colours.paper }), `${plot.dataset.chartFile}.png`);
    }
    stage.dispose();
    box.remove();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-chart-save]");
    const plot = button?.closest("section")?.querySelector("[data-chart]");
    if (plot && drawn.has(plot)) picture(plot, button.dataset.chartSave);
  });

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", look);
  else look();
})();
