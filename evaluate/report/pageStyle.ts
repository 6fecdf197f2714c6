import { darkSeriesColors, lightSeriesColors, seriesVariables } from '../../draw/palette.ts';

/** The style sheet of all report pages: system fonts, light or dark as the reader prefers, one column on a phone. */
export const pageStyle = `
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
