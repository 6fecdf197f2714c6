/**
 * Pages of text, tables, plots and pictures as single HTML files: no scripts, no requests beyond pictures beside the
 * file, the same from a disk as from a server. Functions whose result is `Html` escape the text they are given.
 */
import { escapeXml } from '../../draw/escapeXml.ts';
import { formatNumber } from './formatNumber.ts';
import { pageStyle } from './pageStyle.ts';

/** Markup, as against text that is still to be escaped. */
export interface Html {
  readonly html: string;
  /** Whether it belongs into a column of numbers. Default: false. */
  readonly numeric?: boolean;
}

/** Text is escaped, numbers are formatted, null is a dash. */
export type Cell = string | number | null | Html;

export interface PageSection {
  /** Empty for a section without a heading. */
  readonly title: string;
  readonly body: readonly Html[];
}

export interface Page {
  readonly title: string;
  readonly subtitle?: string;
  readonly sections: readonly PageSection[];
}

// Should markup ever slip in through a name, it can neither run nor load anything from elsewhere.
const contentPolicy = "default-src 'none'; img-src 'self' file: data:; style-src 'unsafe-inline'";

/** A whole HTML document. */
export function htmlPage({ title, subtitle = '', sections }: Page): string {
  const blocks = sections.filter(({ body }) => body.length > 0).map((section) =>
    `<section>${section.title && `<h2>${escapeXml(section.title)}</h2>`}\n` +
    `${section.body.map(({ html }) => html).join('\n')}\n</section>`);
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
${blocks.join('\n')}
</main>
</body>
</html>
`;
}

/** A table; columns of numbers are aligned to the right. Wide tables scroll by themselves. */
export function htmlTable(headers: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  const numeric = headers.map((_, column) => {
    const cells = rows.map((row) => row[column] ?? null).filter((content) => content !== null);
    return cells.length > 0 && cells.every(isNumeric);
  });
  const cell = (tag: string, content: Cell, column: number) =>
    `<${tag}${numeric[column] ? ' class="number"' : ''}>${renderCell(content)}</${tag}>`;
  const head = headers.map((header, column) => cell('th', header, column)).join('');
  const body = rows.map((row) => `<tr>${row.map((content, column) => cell('td', content, column)).join('')}</tr>`);
  return {
    html: `<div class="scroll"><table><thead><tr>${head}</tr></thead>\n<tbody>${body.join('\n')}</tbody></table></div>`,
  };
}

/** A number with just so many decimals, as figures below each other should have; null stays a dash. */
export function fixed(value: number | null, decimals: number): Html | null {
  return value === null ? null : { html: value.toFixed(decimals), numeric: true };
}

/** Names over values, as many beside each other as fit. */
export function keyValues(entries: readonly (readonly [key: string, value: Cell])[]): Html {
  const items = entries.map(([key, value]) => `<div><dt>${escapeXml(key)}</dt><dd>${renderCell(value)}</dd></div>`);
  return { html: `<dl class="facts">${items.join('\n')}</dl>` };
}

export interface PageImage {
  /** Path relative to the page, with `/` between folders; it is escaped here. */
  readonly src: string;
  /** Below the picture; none where empty. */
  readonly caption: string;
  /** Enlarge in crisp squares. Default: false. */
  readonly pixels?: boolean;
}

/** One picture with its caption, linked to its file; read when it comes into view. */
export function htmlImage({ src, caption, pixels = false }: PageImage): Html {
  const url = escapeXml(src.split('/').map(encodeURIComponent).join('/'));
  const alt = escapeXml(caption || src);
  const image = `<img src="${url}" alt="${alt}" loading="lazy"${pixels ? ' class="pixels"' : ''}>`;
  const below = caption && `<figcaption>${escapeXml(caption)}</figcaption>`;
  return { html: `<figure><a href="${url}">${image}</a>${below}</figure>` };
}

/** Pictures beside each other, each at least `cellRem` wide where the screen is. Default: 15. */
export function imageGrid(images: readonly PageImage[], { cellRem = 15 }: { cellRem?: number } = {}): Html {
  return htmlGrid(images.map(htmlImage), cellRem);
}

/** Plots beside each other. */
export function plotGrid(svgs: readonly string[]): Html {
  return htmlGrid(svgs.map((svg) => ({ html: `<figure>${svg}</figure>` })), 25);
}

/** Any blocks beside each other, each at least `cellRem` wide where the screen is. */
export function htmlGrid(cells: readonly Html[], cellRem: number): Html {
  return { html: `<div class="grid" style="--cell:${cellRem}rem">${cells.map(({ html }) => html).join('\n')}</div>` };
}

/** A paragraph; `note` is smaller and fainter. */
export function paragraph(text: string, kind: 'plain' | 'note' = 'plain'): Html {
  return { html: `<p${kind === 'note' ? ' class="note"' : ''}>${escapeXml(text)}</p>` };
}

/** A heading within a section. */
export function subheading(text: string): Html {
  return { html: `<h3>${escapeXml(text)}</h3>` };
}

/** Text as it is, in a fixed-width font. */
export function preformatted(text: string): Html {
  return { html: `<pre>${escapeXml(text)}</pre>` };
}

/** Content that the reader opens by its summary. */
export function collapsed(summary: string, content: readonly Html[]): Html {
  const inside = content.map(({ html }) => html).join('\n');
  return { html: `<details><summary>${escapeXml(summary)}</summary>\n${inside}\n</details>` };
}

/** Links between the pages of one report; the current one is not a link. */
export function pageLinks(pages: readonly { href: string; label: string }[], current: number): Html {
  const links = pages.map(({ href, label }, i) =>
    (i === current ? `<b>${escapeXml(label)}</b>` : `<a href="${escapeXml(href)}">${escapeXml(label)}</a>`));
  return { html: `<nav>${links.join('\n')}</nav>` };
}

function isNumeric(cell: Cell): boolean {
  return typeof cell === 'number' || (typeof cell === 'object' && cell?.numeric === true);
}

function renderCell(cell: Cell): string {
  if (cell === null || typeof cell === 'number') return formatNumber(cell);
  return typeof cell === 'string' ? escapeXml(cell) : cell.html;
}
