import {
  darkSeriesColors,
  escapeXml,
  lightSeriesColors,
  seriesColor,
  seriesVariables
} from "./chunk-BLV74BJT.js";

// evaluate/report/formatNumber.ts
function formatNumber(value) {
  if (value === null || value === void 0 || Number.isNaN(value)) return "\u2013";
  if (!Number.isFinite(value)) return value > 0 ? "\u221E" : "-\u221E";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return groupDigits(String(value));
  if (size < 1e-4 || size >= 1e9) return value.toExponential(3).replace("e+", "e");
  if (size >= 1e3) return groupDigits(value.toFixed(0));
  return Number(value.toPrecision(4)).toString();
}
function groupDigits(digits) {
  return digits.length < 5 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

// evaluate/report/pageStyle.ts
var pageStyle = `
:root{color-scheme:light dark;--ground:#fff;--panel:#f6f7f9;--ink:#1d2127;--ink-faint:#5c636e;--rule:#dfe2e7;
--link:#0b4fa8;${seriesVariables(lightSeriesColors)}}
@media(prefers-color-scheme:dark){:root{--ground:#15181d;--panel:#1d2127;--ink:#e6e9ee;--ink-faint:#9aa3b0;
--rule:#343a44;--link:#8ab8ff;${seriesVariables(darkSeriesColors)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif;
-webkit-text-size-adjust:100%}
main{max-width:72rem;margin:0 auto;padding:2rem clamp(1rem,4vw,2.5rem) 4rem}
h1{font-size:1.7rem;line-height:1.2;margin:0;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2.6rem 0 .8rem;padding-top:.7rem;border-top:1px solid var(--rule)}
h3{font-size:1rem;margin:1.6rem 0 .5rem;overflow-wrap:anywhere}
p{max-width:44rem;margin:.5rem 0}
.subtitle,figcaption,.note{color:var(--ink-faint)}
.note{font-size:.9rem}
a{color:var(--link)}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.9rem 1.5rem;margin:1rem 0}
.facts dt{font-size:.8rem;color:var(--ink-faint)}
.facts dd{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .9rem .3rem 0;text-align:left;border-bottom:1px solid var(--rule);vertical-align:baseline}
th{font-weight:600;border-bottom-color:var(--ink-faint)}
.number{text-align:right}
.grid{display:grid;gap:1.2rem 1.6rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,var(--cell)),1fr))}
.plot{display:block;width:100%;max-width:38rem;height:auto}
figure{margin:0;min-width:0}
figure+.grid,.grid+.scroll,.grid+.grid{margin-top:1.2rem}
figure img{display:block;max-width:100%;height:auto;background:var(--panel)}
.grid figure+.grid,.grid+.scroll,.grid+.grid{margin-top:1.2rem}
figure img{width:100%}
img.pixels{image-rendering:pixelated}
figcaption{font-size:.85rem;margin-top:.3rem;overflow-wrap:anywhere}
details{margin:.8rem 0}
summary{cursor:pointer;color:var(--link)}
pre{background:var(--panel);padding:.8rem 1rem;overflow-x:auto;font:.85rem/1.45 ui-monospace,monospace;
border-radius:4px;margin:.5rem 0}
nav{display:flex;flex-wrap:wrap;gap:.2rem .9rem;margin:1rem 0}
nav b{color:var(--ink-faint)}
`;

// evaluate/report/page.ts
var contentPolicy = "default-src 'none'; img-src 'self' file: data:; style-src 'unsafe-inline'";
function htmlPage({ title, subtitle = "", sections }) {
  const blocks = sections.filter(({ body }) => body.length > 0).map((section) => `<section>${section.title && `<h2>${escapeXml(section.title)}</h2>`}
${section.body.map(({ html }) => html).join("\n")}
</section>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>${escapeXml(title)}</h1>
${subtitle && `<p class="subtitle">${escapeXml(subtitle)}</p>`}
${blocks.join("\n")}
</main>
</body>
</html>
`;
}
function htmlTable(headers, rows) {
  const numeric = headers.map((_, column) => {
    const cells = rows.map((row) => row[column] ?? null).filter((content) => content !== null);
    return cells.length > 0 && cells.every(isNumeric);
  });
  const cell = (tag, content, column) => `<${tag}${numeric[column] ? ' class="number"' : ""}>${renderCell(content)}</${tag}>`;
  const head = headers.map((header, column) => cell("th", header, column)).join("");
  const body = rows.map((row) => `<tr>${row.map((content, column) => cell("td", content, column)).join("")}</tr>`);
  return {
    html: `<div class="scroll"><table><thead><tr>${head}</tr></thead>
<tbody>${body.join("\n")}</tbody></table></div>`
  };
}
function fixed(value, decimals) {
  return value === null ? null : { html: value.toFixed(decimals), numeric: true };
}
function keyValues(entries) {
  const items = entries.map(([key, value]) => `<div><dt>${escapeXml(key)}</dt><dd>${renderCell(value)}</dd></div>`);
  return { html: `<dl class="facts">${items.join("\n")}</dl>` };
}
function htmlImage({ src, caption, pixels = false }) {
  const url = escapeXml(src.split("/").map(encodeURIComponent).join("/"));
  const alt = escapeXml(caption || src);
  const image = `<img src="${url}" alt="${alt}" loading="lazy"${pixels ? ' class="pixels"' : ""}>`;
  const below = caption && `<figcaption>${escapeXml(caption)}</figcaption>`;
  return { html: `<figure><a href="${url}">${image}</a>${below}</figure>` };
}
function imageGrid(images, { cellRem = 15 } = {}) {
  return htmlGrid(images.map(htmlImage), cellRem);
}
function plotGrid(svgs) {
  return htmlGrid(svgs.map((svg) => ({ html: `<figure>${svg}</figure>` })), 25);
}
function htmlGrid(cells, cellRem) {
  return { html: `<div class="grid" style="--cell:${cellRem}rem">${cells.map(({ html }) => html).join("\n")}</div>` };
}
function paragraph(text, kind = "plain") {
  return { html: `<p${kind === "note" ? ' class="note"' : ""}>${escapeXml(text)}</p>` };
}
function subheading(text) {
  return { html: `<h3>${escapeXml(text)}</h3>` };
}
function preformatted(text) {
  return { html: `<pre>${escapeXml(text)}</pre>` };
}
function collapsed(summary, content) {
  const inside = content.map(({ html }) => html).join("\n");
  return { html: `<details><summary>${escapeXml(summary)}</summary>
${inside}
</details>` };
}
function pageLinks(pages, current) {
  const links = pages.map(({ href, label }, i) => i === current ? `<b>${escapeXml(label)}</b>` : `<a href="${escapeXml(href)}">${escapeXml(label)}</a>`);
  return { html: `<nav>${links.join("\n")}</nav>` };
}
function isNumeric(cell) {
  return typeof cell === "number" || typeof cell === "object" && cell?.numeric === true;
}
function renderCell(cell) {
  if (cell === null || typeof cell === "number") return formatNumber(cell);
  return typeof cell === "string" ? escapeXml(cell) : cell.html;
}

// evaluate/report/plotAxis.ts
function linearAxis(values, { ticks: wanted, nice }) {
  let [low, high] = extent(values) ?? [0, 1];
  if (low === high) {
    const margin = low === 0 ? 1 : Math.abs(low) * 0.1;
    [low, high] = [low - margin, high + margin];
  }
  const step = niceStep((high - low) / wanted);
  const slack = 1e-9;
  const first = nice ? Math.floor(low / step + slack) : Math.ceil(low / step - slack);
  const last = nice ? Math.ceil(high / step - slack) : Math.floor(high / step + slack);
  if (nice) [low, high] = [Math.min(low, first * step), Math.max(high, last * step)];
  const positions = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  return {
    ticks: tickLabels(positions, step).map((label, i) => ({ value: positions[i], label })),
    place: (value) => (value - low) / (high - low)
  };
}
function logAxis(values) {
  const [low, high] = extent(positiveOnly(values)) ?? [1, 10];
  const decades = Math.log10(high / low);
  const mantissas = decades < 1 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : decades < 2.5 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil(decades / 7));
  const candidates = [];
  const top = Math.ceil(Math.log10(high)) + stride;
  for (let exponent = Math.floor(Math.log10(low)) - stride; exponent <= top; exponent++) {
    if (exponent % stride === 0) candidates.push(...mantissas.map((mantissa) => Number(`${mantissa}e${exponent}`)));
  }
  const first = candidates.findLastIndex((tick) => tick <= low);
  const reached = candidates.findIndex((tick) => tick >= high);
  const last = Math.max(reached, first + 1);
  const [bottom, span] = [Math.log(candidates[first]), Math.log(candidates[last] / candidates[first])];
  return {
    ticks: candidates.slice(first, last + 1).map((value) => ({ value, label: powerLabel(value) })),
    place: (value) => (Math.log(value) - bottom) / span
  };
}
function* positiveOnly(values) {
  for (const value of values) if (value > 0) yield value;
}
function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : null;
}
function niceStep(step) {
  const exponent = Math.floor(Math.log10(step));
  const mantissa = [1, 2, 5].find((candidate) => Number(`${candidate}e${exponent}`) >= step * (1 - 1e-9)) ?? 10;
  return Number(`${mantissa}e${exponent}`);
}
function tickLabels(positions, step) {
  const largest = Math.max(...positions.map(Math.abs));
  const [unit, suffix] = largest >= 1e4 * step ? [1, ""] : tickUnit(largest);
  const decimals = Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9));
  return positions.map((value) => Math.abs(value) < step / 2 ? "0" : `${(value / unit).toFixed(decimals)}${suffix}`);
}
function tickUnit(largest) {
  if (largest >= 1e12 || largest > 0 && largest < 1e-3) {
    const exponent = Math.floor(Math.log10(largest) + 1e-9);
    return [10 ** exponent, `e${exponent}`];
  }
  if (largest >= 1e9) return [1e9, "G"];
  if (largest >= 1e6) return [1e6, "M"];
  return largest >= 1e4 ? [1e3, "k"] : [1, ""];
}
function powerLabel(value) {
  return value >= 1e-3 && value < 1e4 ? String(value) : value.toExponential().replace("e+", "e");
}

// evaluate/report/plotFrame.ts
var plotWidth = 480;
var fontSize = 12.5;
var lineHeight = 17;
var ink = "var(--ink,#1d2127)";
var faintInk = "var(--ink-faint,#5c636e)";
var gridColor = "var(--rule,#dfe2e7)";
function drawPlot(frame, draw) {
  const rows = legendRows(frame.legend);
  const tickWidth = Math.max(...frame.yAxis.ticks.map(({ label }) => textWidth(label)), 0);
  const left = Math.ceil(tickWidth + 14 + (frame.yLabel ? lineHeight : 0));
  const right = plotWidth - Math.max(14, Math.ceil(xTickWidth(frame.xAxis) / 2));
  const top = 30 + rows.length * lineHeight;
  const bottom = top + frame.dataHeight;
  const height = bottom + 24 + (frame.xLabel ? lineHeight : 0);
  const scale = {
    left,
    right,
    top,
    bottom,
    x: (value) => left + frame.xAxis.place(value) * (right - left),
    y: (value) => bottom - frame.yAxis.place(value) * (bottom - top)
  };
  return `<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 ${plotWidth} ${height}" role="img" aria-label="${escapeXml(frame.title)}" font-family="system-ui,sans-serif" font-size="${fontSize}">` + svgText(frame.title, left, 16, { weight: 600 }) + drawLegend(rows, left) + drawTicks(frame, scale) + draw(scale) + drawLabels(frame, scale, height) + "</svg>";
}
function svgText(text, x, y, style = {}) {
  const { anchor = "start", weight, color = ink, transform } = style;
  return `<text x="${px(x)}" y="${px(y)}" style="fill:${color}"` + (anchor === "start" ? "" : ` text-anchor="${anchor}"`) + (weight === void 0 ? "" : ` font-weight="${weight}"`) + (transform === void 0 ? "" : ` transform="${transform}"`) + `>${escapeXml(text)}</text>`;
}
function px(value) {
  return String(Math.round(value * 10) / 10);
}
function textWidth(text) {
  return text.length * fontSize * 0.58;
}
function drawTicks({ xAxis, yAxis, grid }, { x, y, left, right, top, bottom }) {
  const line = (x1, y1, x2, y2, color) => `<path d="M${px(x1)} ${px(y1)}L${px(x2)} ${px(y2)}" style="stroke:${color}"/>`;
  const spacing = (right - left) / xAxis.ticks.length;
  const every = Math.ceil((xTickWidth(xAxis) + 6) / spacing);
  const columns = xAxis.ticks.filter((_, i) => i % every === 0).map(({ value, label }) => {
    const at = x(value);
    return (grid === "y" ? line(at, bottom, at, bottom + 4, gridColor) : line(at, top, at, bottom + 4, gridColor)) + svgText(label, at, bottom + 18, { anchor: "middle", color: faintInk });
  });
  const rows = yAxis.ticks.map(({ value, label }) => (grid === "x" ? "" : line(left, y(value), right, y(value), gridColor)) + svgText(label, left - 7, y(value) + fontSize * 0.35, { anchor: "end", color: faintInk }));
  return columns.join("") + rows.join("") + line(left, bottom, right, bottom, faintInk);
}
function xTickWidth({ ticks }) {
  return Math.max(...ticks.map(({ label }) => textWidth(label)), 0);
}
function drawLabels({ xLabel, yLabel }, { left, right, top, bottom }, height) {
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return (xLabel && svgText(xLabel, x, height - 6, { anchor: "middle" })) + (yLabel && svgText(yLabel, 12, y, { anchor: "middle", transform: `rotate(-90 12 ${px(y)})` }));
}
var swatchWidth = 22;
function legendRows(entries) {
  const rows = [];
  let used = Infinity;
  for (const entry of entries) {
    const width = legendEntryWidth(entry);
    if (used + width > plotWidth - 60) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1).push(entry);
    used += width;
  }
  return rows;
}
function legendEntryWidth({ name }) {
  return swatchWidth + 6 + textWidth(name) + 14;
}
function drawLegend(rows, left) {
  return rows.map((row, i) => {
    const y = 24 + (i + 0.5) * lineHeight;
    let x = left;
    return row.map((entry) => {
      const swatch = `<path d="M${px(x)} ${px(y)}h${swatchWidth}" style="stroke:${entry.color}" stroke-width="2.4"${entry.dashed ? ' stroke-dasharray="6 4"' : ""}/>`;
      const name = svgText(entry.name, x + swatchWidth + 6, y + fontSize * 0.35, { color: faintInk });
      x += legendEntryWidth(entry);
      return swatch + name;
    }).join("");
  }).join("");
}

// evaluate/report/smoothSeries.ts
function smoothSeries(points, width) {
  const forward = oneSided(points, width);
  const backward = oneSided(points.toReversed(), width).reverse();
  return points.map(([x, y], i) => {
    if (!Number.isFinite(y)) return [x, NaN];
    const sum = forward[i].sum + backward[i].sum - y;
    return [x, sum / (forward[i].weight + backward[i].weight - 1)];
  });
}
function oneSided(points, width) {
  let [sum, weight] = [0, 0];
  let previousX = points[0]?.[0] ?? 0;
  return points.map(([x, y]) => {
    const decay = Math.exp(-Math.abs(x - previousX) / width);
    previousX = x;
    const present = Number.isFinite(y);
    sum = sum * decay + (present ? y : 0);
    weight = weight * decay + (present ? 1 : 0);
    return { sum, weight };
  });
}

// evaluate/report/thinSeries.ts
function thinSeries(points, columns) {
  if (points.length <= 4 * columns) return points;
  const start = points[0][0];
  const span = points.at(-1)[0] - start || 1;
  const kept = [];
  for (let from = 0, to = 0; from < points.length; from = to) {
    const column = columnOf(points[from]);
    while (to < points.length && columnOf(points[to]) === column) to++;
    kept.push(...landmarks(points, from, to));
  }
  return kept;
  function columnOf([x]) {
    return Math.min(columns - 1, Math.floor((x - start) / span * columns));
  }
}
function landmarks(points, from, to) {
  let [lowest, highest, gap] = [from, from, -1];
  for (let i = from; i < to; i++) {
    const y = points[i][1];
    if (!Number.isFinite(y)) gap = i;
    if (!(y >= points[lowest][1])) lowest = Number.isFinite(y) ? i : lowest;
    if (!(y <= points[highest][1])) highest = Number.isFinite(y) ? i : highest;
  }
  const wanted = /* @__PURE__ */ new Set([from, lowest, highest, gap, to - 1]);
  wanted.delete(-1);
  return [...wanted].sort((a, b) => a - b).map((i) => points[i]);
}

// evaluate/report/plot.ts
var lineWidth = 1.9;
function linePlot(plot) {
  const { logY = false, markers = false, verticals = [], include = {} } = plot;
  const curves = plot.series.map((series, i) => prepareCurve(series, i, logY));
  const points = curves.flatMap(({ raw }) => raw).filter(([, y]) => Number.isFinite(y));
  const xValues = [...points.map(([x]) => x), ...verticals.map(({ x }) => x), ...include.x ?? []];
  const yValues = [...points.map(([, y]) => y), ...include.y ?? []];
  const legend = curves.map(({ series: { name }, dashed }, i) => ({ name, dashed, color: seriesColor(i) }));
  return drawPlot({
    title: plot.title,
    xLabel: plot.xLabel,
    yLabel: plot.yLabel,
    xAxis: linearAxis(xValues, { ticks: 6, nice: false }),
    yAxis: logY ? logAxis(yValues) : linearAxis(yValues, { ticks: 5, nice: true }),
    legend: legend.length > 1 ? legend : [],
    dataHeight: 210,
    grid: "y"
  }, (scale) => {
    if (points.length === 0) return emptyNote(scale);
    return drawVerticals(verticals, scale) + curves.map((curve, i) => drawCurve(curve, i, markers, scale)).join("");
  });
}
function prepareCurve(series, index, logY) {
  const dashed = series.dashed ?? index % (2 * lightSeriesColors.length) >= lightSeriesColors.length;
  const raw = series.points.filter(([x]) => Number.isFinite(x)).sort(([a], [b]) => a - b).map(([x, y]) => [x, Number.isFinite(y) && !(logY && y <= 0) ? y : NaN]);
  const span = raw.length > 0 ? raw.at(-1)[0] - raw[0][0] : 0;
  if (series.smooth === void 0 || raw.length < 30 || span === 0) return { series, dashed, raw, smooth: null };
  const [warp, unwarp] = logY ? [Math.log, Math.exp] : [Number, Number];
  const smooth = smoothSeries(raw.map(([x, y]) => [x, warp(y)]), series.smooth * span).map(([x, y]) => [x, unwarp(y)]);
  return { series, dashed, raw, smooth };
}
function drawCurve({ series, dashed, raw, smooth }, index, markers, scale) {
  const color = seriesColor(index);
  const columns = Math.ceil(scale.right - scale.left);
  const runs = splitAtGaps(thinSeries(smooth ?? raw, columns));
  const faint = smooth ? `<path d="${runsPath(splitAtGaps(thinSeries(raw, columns)), scale)}" opacity=".28"/>` : "";
  const dash = dashed ? ' stroke-dasharray="6 4"' : "";
  const dots = runs.filter((run) => markers || run.length === 1).flat().map(([x, y]) => `<circle cx="${px(scale.x(x))}" cy="${px(scale.y(y))}" r="2.6"/>`).join("");
  return `<g fill="none" style="stroke:${color}" stroke-linejoin="round"><title>${escapeXml(describeCurve(series.name, raw))}</title>${faint}<path d="${runsPath(runs, scale)}" stroke-width="${lineWidth}"${dash}/>${dots && `<g style="fill:${color};stroke:none">${dots}</g>`}</g>`;
}
function describeCurve(name, raw) {
  const finite = raw.filter(([, y]) => Number.isFinite(y));
  if (finite.length === 0) return name;
  const lowest = finite.reduce((best, point) => point[1] < best[1] ? point : best);
  const [lastX, lastY] = finite.at(-1);
  return `${name}: ${formatNumber(lastY)} at ${formatNumber(lastX)}; lowest ${formatNumber(lowest[1])} at ${formatNumber(lowest[0])}`;
}
function runsPath(runs, { x, y }) {
  return runs.filter((run) => run.length > 1).map((run) => `M${run.map((point) => `${px(x(point[0]))} ${px(y(point[1]))}`).join("L")}`).join("");
}
function splitAtGaps(points) {
  const runs = [];
  let open = false;
  for (const point of points) {
    const present = Number.isFinite(point[1]);
    if (present && open) runs.at(-1).push(point);
    else if (present) runs.push([point]);
    open = present;
  }
  return runs;
}
function drawVerticals(verticals, { x, top, bottom, right }) {
  return verticals.map(({ x: at, label }) => {
    const left = x(at);
    const flip = left + textWidth(label) + 6 > right;
    return `<path d="M${px(left)} ${px(top)}V${px(bottom)}" style="stroke:${faintInk}" stroke-dasharray="2 3"/>` + svgText(label, left + (flip ? -5 : 5), top + 11, { color: faintInk, anchor: flip ? "end" : "start" });
  }).join("");
}
function emptyNote({ left, right, top, bottom }) {
  return svgText(
    "no data",
    (left + right) / 2,
    (top + bottom) / 2,
    { anchor: "middle", color: faintInk }
  );
}
var barRowHeight = 20;
var longestBarLabel = 18;
function barPlot({ title, valueLabel, bars, include = [] }) {
  const count = Math.max(1, bars.length);
  const rows = {
    ticks: bars.map(({ label }, i) => ({ value: count - i - 0.5, label: shorten(label) })),
    place: (value) => value / count
  };
  const xAxis = linearAxis([0, ...bars.map(({ value }) => value), ...include], { ticks: 5, nice: true });
  const frame = { title, xLabel: valueLabel, yLabel: "", xAxis, yAxis: rows, legend: [] };
  return drawPlot({ ...frame, dataHeight: count * barRowHeight, grid: "x" }, (scale) => bars.length === 0 ? emptyNote(scale) : bars.map(({ label, value }, i) => {
    const middle = scale.y(count - i - 0.5);
    const [zero, end] = [scale.x(0), scale.x(Number.isFinite(value) ? value : 0)];
    const [left, width] = [Math.min(zero, end), Math.abs(end - zero)];
    const text = formatNumber(value);
    const inside = Math.max(zero, end) + textWidth(text) + 6 > scale.right;
    return `<rect x="${px(left)}" y="${px(middle - 7)}" width="${px(width)}" height="14" rx="2" style="fill:${seriesColor(0)}"><title>${escapeXml(`${label}: ${text}`)}</title></rect>` + svgText(
      text,
      Math.max(zero, end) + (inside ? -5 : 5),
      middle + 4.4,
      inside ? { anchor: "end", color: "var(--ground,#fff)" } : {}
    );
  }).join(""));
}
function shorten(label) {
  const letters = [...label];
  return letters.length <= longestBarLabel ? label : `${letters.slice(0, longestBarLabel - 1).join("")}\u2026`;
}
function histogramPlot({ title, xLabel, yLabel = "count", values, bins }) {
  const finite = values.filter(Number.isFinite);
  const wanted = bins ?? Math.min(40, Math.max(5, Math.ceil(Math.sqrt(finite.length))));
  const edges = linearAxis(finite, { ticks: wanted, nice: true }).ticks.map(({ value }) => value);
  const [start, width, count] = [edges[0], edges[1] - edges[0], edges.length - 1];
  const counts = new Array(count).fill(0);
  for (const value of finite) counts[Math.min(count - 1, Math.floor((value - start) / width + 1e-9))]++;
  const xAxis = linearAxis([start, edges.at(-1)], { ticks: 6, nice: false });
  const yAxis = linearAxis([0, ...counts], { ticks: 4, nice: true });
  return drawPlot({ title, xLabel, yLabel, xAxis, yAxis, legend: [], dataHeight: 190, grid: "y" }, (scale) => finite.length === 0 ? emptyNote(scale) : counts.map((height, i) => {
    const [left, right] = [scale.x(edges[i]) + 0.5, scale.x(edges[i + 1]) - 0.5];
    const top = scale.y(height);
    const range = `${formatNumber(edges[i])} to ${formatNumber(edges[i + 1])}: ${height}`;
    return `<rect x="${px(left)}" y="${px(top)}" width="${px(right - left)}" height="${px(scale.bottom - top)}" style="fill:${seriesColor(0)}"><title>${escapeXml(range)}</title></rect>`;
  }).join(""));
}

export {
  htmlPage,
  htmlTable,
  fixed,
  keyValues,
  htmlImage,
  imageGrid,
  plotGrid,
  htmlGrid,
  paragraph,
  subheading,
  preformatted,
  collapsed,
  pageLinks,
  linePlot,
  barPlot,
  histogramPlot
};
//# sourceMappingURL=chunk-T6JM6XVE.js.map
