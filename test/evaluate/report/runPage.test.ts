import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XMLValidator } from 'fast-xml-parser';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { savePng } from '../../../data/images.ts';
import { readJsonLines } from '../../../evaluate/report/jsonLines.ts';
import { metricGroups } from '../../../evaluate/report/metricSeries.ts';
import { writeRunPage } from '../../../evaluate/report/runPage.ts';
import { rejects } from '../../data/rejects.ts';

const test = suite<{ dir: string }>('runPage', { dir: '' });
test.before.each(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'run-page-'));
});
test.after.each(async ({ dir }) => rm(dir, { recursive: true }));

test('metrics fall into groups of training and validation', () => {
  const groups = metricGroups([
    { step: 1, loss: 2, lr: 0.1, note: 'text', value: 5 },
    { step: 1, val: 2.5, valAccuracy: 0.1, val_psnr: 20 },
    { step: 2, loss: null, lr: 0.1, psnr: 21, never: null },
    { loss: 99 },
  ]);
  const shape = groups.map(({ name, series }) => [name, ...series.map((each) => `${each.name}:${each.validation}`)]);
  assert.equal(shape, [
    ['loss', 'loss:false', 'val:true'], ['lr', 'lr:false'], ['value', 'value:false'],
    ['accuracy', 'valAccuracy:true'], ['psnr', 'psnr:false', 'val_psnr:true'],
  ]);
  assert.equal(groups[0]!.series[0]!.points, [[1, 2], [2, NaN]]);
});

test('a resumed run replaces what came after the step it resumed from', () => {
  const steps = [1, 2, 3, 4, 5, 3, 4].map((step, i) => ({ step, loss: i }));
  const [loss] = metricGroups([...steps.slice(0, 5), { step: 5, val: 7 }, ...steps.slice(5)]);
  assert.equal(loss!.series.map(({ points }) => points), [[[1, 0], [2, 1], [3, 5], [4, 6]]]);
});

test('a half-written last line is waited for, other broken lines are counted', async ({ dir }) => {
  const path = join(dir, 'metrics.jsonl');
  assert.equal(await readJsonLines(path), { records: [], unreadable: 0 });
  await writeFile(path, '{"step":1,"loss":2}\n\n{"step":2,"lo{"step":2,"loss":3}\n[1]\n{"step":3,"lo');
  assert.equal(await readJsonLines(path), { records: [{ step: 1, loss: 2 }], unreadable: 2 });
  await appendFile(path, 'ss":4}');
  assert.is((await readJsonLines(path)).records.length, 2, 'complete, though without its newline');
});

test('the page of a made-up run', async ({ dir }) => {
  const run = join(dir, 'my <run>');
  await mkdir(join(run, 'samples'), { recursive: true });
  const lines = Array.from({ length: 300 }, (_, i) => {
    const loss = i === 150 ? null : 1 / (1 + i / 50) + 0.1 * Math.sin(i * 77);
    return JSON.stringify({ step: 10 * i, loss, lr: 1e-4, ms: 250 + (i % 9) }) +
      (i % 50 === 0 ? `\n${JSON.stringify({ step: 10 * i, val: 1.1 / (1 + i / 50) })}` : '');
  });
  await writeFile(join(run, 'metrics.jsonl'), `${lines.join('\n')}\n{"step":3000,"loss":0.`);
  await writeFile(join(run, 'config.json'), JSON.stringify({
    command: ['npm', 'run', 'train:prior', '--', '--out', 'my <run>'],
    adapter: { description: 'llvmpipe', driver: 'Mesa', software: true }, optim: { lr: 1e-4 },
  }));
  for (const step of [100, 900, 1000]) {
    await savePng(join(run, 'samples', `step-${step}.png`), new Uint8Array(3 * 16).fill(step), 4, 4);
  }
  assert.is(await writeRunPage(run), join(run, 'index.html'));
  const html = await readFile(join(run, 'index.html'), 'utf8');
  assert.match(html, '<h1>my &lt;run&gt;</h1>');
  assert.match(html, 'npm run train:prior -- --out &#39;my &lt;run&gt;&#39;');
  assert.match(html, 'llvmpipe, Mesa');
  assert.match(html, 'val, best (step 2500)');
  assert.match(html, '<dd>2990</dd>');
  assert.match(html, /<details><summary>config.json<\/summary>\n<pre>/);
  const svgs = html.match(/<svg[^]*?<\/svg>/g)!;
  assert.equal(svgs.map((svg) => /aria-label="([^"]*)"/.exec(svg)![1]), ['loss', 'learning rate', 'ms per step']);
  for (const svg of svgs) assert.is(XMLValidator.validate(svg), true);
  assert.equal([...html.matchAll(/<img src="samples\/step-(\d+)/g)].map(([, step]) => step), ['1000', '900', '100']);
  assert.match(html, 'class="pixels"');
  assert.equal((await readdir(run)).sort(), ['config.json', 'index.html', 'metrics.jsonl', 'samples']);
});

test('a run that has only begun has a page; a missing folder or a broken config has none', async ({ dir }) => {
  await writeRunPage(dir);
  assert.match(await readFile(join(dir, 'index.html'), 'utf8'), 'Nothing has been recorded yet');
  await rejects(writeRunPage(join(dir, 'nowhere')), /nowhere: cannot be read \(ENOENT\)/);
  await writeFile(join(dir, 'config.json'), '{"a":');
  await rejects(writeRunPage(dir), /config\.json: not valid JSON/);
});

test.run();
