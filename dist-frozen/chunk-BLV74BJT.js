// draw/palette.ts
var lightSeriesColors = ["#0b4fa8", "#df6d16", "#0f9d7c", "#c2419c", "#7a5c00", "#3f96d8", "#24282f"];
var darkSeriesColors = ["#4a8dff", "#ff7a33", "#35d69e", "#d873c4", "#f7d154", "#bfe6ff", "#868d9a"];
function seriesColor(index) {
  const i = index % lightSeriesColors.length;
  return `var(--series-${i + 1},${lightSeriesColors[i]})`;
}
function seriesVariables(colors) {
  return colors.map((color, i) => `--series-${i + 1}:${color}`).join(";");
}
var firstClassColors = ["#5cc4f5", "#f5a12b", "#4fdca8", "#fbf04a", "#ff7f66", "#ffb3d4", "#a68cff", "#c6d94a"];
var goldenAngleDegrees = 137.50776405;
var classTextColor = "#0d1014";
function classColor(index) {
  const first = firstClassColors[index];
  if (first !== void 0) return first;
  const hue = (20 + index * goldenAngleDegrees) % 360 * (Math.PI / 180);
  const lightness = [0.76, 0.88, 0.82][index % 3];
  for (let chroma = 0.15; ; chroma -= 0.01) {
    const rgb = linearRgbFromOklab(lightness, chroma * Math.cos(hue), chroma * Math.sin(hue));
    if (chroma <= 0 || rgb.every((value) => value >= 0 && value <= 1)) return `#${rgb.map(hexByte).join("")}`;
  }
}
function linearRgbFromOklab(L, a, b) {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s
  ];
}
function hexByte(linear) {
  const value = Math.min(1, Math.max(0, linear));
  const srgb = value <= 31308e-7 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
  return Math.round(srgb * 255).toString(16).padStart(2, "0");
}

// draw/escapeXml.ts
var entities = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
};
function escapeXml(text) {
  return text.replace(/[\p{Surrogate}\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/gu, "\uFFFD").replace(/[&<>"']/g, (character) => entities[character]);
}

export {
  escapeXml,
  lightSeriesColors,
  darkSeriesColors,
  seriesColor,
  seriesVariables,
  classTextColor,
  classColor
};
//# sourceMappingURL=chunk-BLV74BJT.js.map
