import { XMLValidator } from 'fast-xml-parser';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { escapeXml } from '../../../draw/escapeXml.ts';
import { formatNumber } from '../../../evaluate/report/formatNumber.ts';
import {
  collapsed, fixed, htmlPage, htmlTable, imageGrid, keyValues, pageLinks, paragraph, preformatted, subheading,
} from '../../../evaluate/report/page.ts';

const nasty = '<b onclick="x">\'&amp;';

/** Whether markup is also XML, which tells of wrong nesting and missed escapes. */
function wellFormed(html: string): void {
  assert.is(XMLValidator.validate(`<root>${html.replace(/(<img [^>]*[^/])>/g, '$1/>')}</root>`), true, html);
}

test('text is made safe for markup', () => {
  assert.is(escapeXml('a < b & "c" > \'d\''), 'a &lt; b &amp; &quot;c&quot; &gt; &#39;d&#39;');
  assert.is(escapeXml('tab\tline\n\u0000\u001b\uD800 😀'), 'tab\tline\n\uFFFD\uFFFD\uFFFD 😀');
});

test('figures are short and in one notation for readers', () => {
  const cases: [number | null, string][] = [
    [0, '0'], [42, '42'], [1234, '1234'], [1234567, '1\u2009234\u2009567'], [-98765, '-98\u2009765'],
    [0.123456, '0.1235'], [12.34567, '12.35'], [4321.987, '4322'], [54321.9, '54\u2009322'],
    [0.000012345, '1.234e-5'], [1.5e12 + 0.5, '1.500e12'], [NaN, '–'], [null, '–'], [-Infinity, '-∞'],
  ];
  for (const [value, expected] of cases) assert.is(formatNumber(value), expected);
});

test('every block escapes what it is given and nests rightly', () => {
  const blocks = [
    htmlTable([nasty, 'n'], [[nasty, 1], ['b', null]]), keyValues([[nasty, nasty]]),
    paragraph(nasty), subheading(nasty), preformatted(nasty),
    collapsed(nasty, [paragraph(nasty)]), pageLinks([{ href: nasty, label: nasty }], 1),
    imageGrid([{ src: `dir/${nasty}.png`, caption: nasty }, { src: 'a.png', caption: '', pixels: true }]),
  ];
  for (const { html } of blocks) {
    wellFormed(html);
    assert.not.match(html, '<b onclick');
  }
});

test('columns of numbers are aligned, others are not', () => {
  const rows = [['cat', 0.5, 1], ['dog', null, 'x'], ['cow', fixed(0.25, 3), null]];
  const { html } = htmlTable(['class', 'AP', 'what'], rows);
  assert.is(html.match(/<td class="number">/g)!.length, 3);
  assert.match(html, '<th class="number">AP</th>');
  assert.match(html, '<td class="number">0.250</td>');
  assert.match(html, '<td>1</td>');
});

test('image paths become relative URLs, part by part', () => {
  const { html } = imageGrid([{ src: 'overlays/7 #1%/a?.png', caption: 'a' }]);
  assert.match(html, 'src="overlays/7%20%231%25/a%3F.png"');
});

test('a page asks nothing of anyone, runs nothing, and follows the theme', () => {
  const html = htmlPage({
    title: nasty,
    subtitle: 'sub',
    sections: [{ title: 'One', body: [paragraph('text')] }, { title: 'Empty', body: [] }],
  });
  assert.match(html, /^<!doctype html>/);
  assert.not.match(html, /https?:|<script|url\(|@import|<link/);
  assert.match(html, 'prefers-color-scheme:dark');
  assert.match(html, 'name="viewport"');
  assert.match(html, '<h2>One</h2>');
  assert.not.match(html, 'Empty');
  assert.not.match(html, '<b onclick');
});

test.run();
