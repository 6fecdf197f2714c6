import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XMLValidator } from 'fast-xml-parser';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluateDetections } from '../../../evaluate/coco.ts';
import { evaluationRecord, writeEvaluation } from '../../../evaluate/evaluationFile.ts';
import { overlayName } from '../../../evaluate/report/detectionFiles.ts';
import { writeDetectionsPage } from '../../../evaluate/report/detectionsPage.ts';
import { rejects } from '../../data/rejects.ts';

const test = suite<{ dir: string }>('detectionsPage', { dir: '' });
test.before.each(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'detections-page-'));
});
test.after.each(async ({ dir }) => rm(dir, { recursive: true }));

function inversion(imageId: number, changes: object = {}): object {
  return {
    imageId, fileName: `set/scene ${imageId}.jpg`, seed: 1, tokens: [0, 1, 2], boxes: [],
    loss: [[0, 0.5], [1, null], [2, 0.25]], monitor: [[0, 0.5], [2, 0.3]], convergenceStep: 100 * imageId, seconds: 2,
    detections: [{ label: 'cat <3', score: 0.75, xywhPx: [1, 2, 3.25, 4] }], ...changes,
  };
}

async function writeInversions(dir: string, inversions: readonly object[]): Promise<void> {
  await writeFile(join(dir, 'inversions.jsonl'), inversions.map((each) => `${JSON.stringify(each)}\n`).join(''));
}

test('the page of a made-up detection run with its evaluation', async ({ dir }) => {
  await writeInversions(dir, [inversion(1), inversion(2), inversion(3, { convergenceStep: null, detections: [] })]);
  await writeFile(join(dir, 'detections.json'), JSON.stringify([{ image_id: 1 }, { image_id: 2 }]));
  const bbox = [0, 0, 50, 50] as const;
  const evaluation = evaluateDetections({
    images: [{ id: 1 }],
    annotations: [{ id: 1, image_id: 1, category_id: 1, bbox }],
    categories: [{ id: 1, name: 'cat <3' }, { id: 2, name: 'dog' }],
  }, [{ image_id: 1, category_id: 1, bbox, score: 0.9 }]);
  await writeEvaluation(join(dir, 'evaluation.json'), evaluationRecord(evaluation));
  await mkdir(join(dir, 'overlays'));
  for (const name of [overlayName(1, 'set/scene 1.jpg'), 'scene 2.png']) {
    await writeFile(join(dir, 'overlays', name), '');
  }

  assert.is(await writeDetectionsPage(dir), join(dir, 'index.html'));
  const html = await readFile(join(dir, 'index.html'), 'utf8');
  assert.match(html, '<dt>detections</dt><dd>2</dd>');
  assert.match(html, '<dt>convergence step, mean</dt><dd>150</dd>');
  assert.match(html, '<dt>seconds an image, mean</dt><dd>2</dd>');
  assert.match(html, '<dt>AP</dt><dd>1.000</dd>');
  assert.match(html, '<td>APs</td><td>AP of small objects, below 32² px</td><td class="number">–</td>');
  assert.match(html, '<td>cat &lt;3</td><td class="number">0.750</td><td class="number">1.0</td>');
  assert.equal([...html.matchAll(/<img src="([^"]*)"/g)].map(([, src]) => src),
    ['overlays/1-scene_1.png', 'overlays/scene%202.png']);
  const svgs = html.match(/<svg[^]*?<\/svg>/g)!;
  const titles = svgs.map((svg) => /aria-label="([^"]*)"/.exec(svg)![1]);
  assert.equal(titles, ['AP by class', 'Precision against recall, IoU 0.50: cat &lt;3',
    ...new Array<string>(3).fill('Objective of the inversion')]);
  for (const svg of svgs) assert.is(XMLValidator.validate(svg), true);
  assert.is(html.match(/>converged</g)!.length, 2);
  assert.not.match(html, /NaN|undefined|null/);
});

test('curves in the evaluation are preferred to those of the classes', async ({ dir }) => {
  await writeInversions(dir, [inversion(1)]);
  await writeFile(join(dir, 'evaluation.json'), JSON.stringify({
    stats: new Array<number>(12).fill(0.5), curves: [{ name: 'ours', points: [[0, 1], [1, 0.2]] }],
  }));
  const html = await readFile(await writeDetectionsPage(dir), 'utf8');
  assert.match(html, 'Precision against recall: ours');
});

test('many images are spread over pages that link to each other', async ({ dir }) => {
  await writeInversions(dir, Array.from({ length: 201 }, (_, i) => inversion(i)));
  await writeDetectionsPage(dir);
  assert.equal((await readdir(dir)).sort(), ['images-2.html', 'images-3.html', 'index.html', 'inversions.jsonl']);
  const [first, second, third] = await Promise.all(
    ['index.html', 'images-2.html', 'images-3.html'].map((name) => readFile(join(dir, name), 'utf8')));
  assert.equal([first, second, third].map((html) => html!.match(/<h3>/g)!.length), [100, 100, 1]);
  assert.match(first!, 'Convergence step');
  assert.not.match(second!, 'Convergence step');
  assert.match(second!, /<a href="index.html">1 to 100<\/a>\n<b>101 to 200<\/b>\n<a href="images-3.html">201 to 201/);
});

test('an empty run has a page; what is not a run is refused by name and place', async ({ dir }) => {
  assert.match(await readFile(await writeDetectionsPage(dir), 'utf8'), '<dt>images</dt><dd>0</dd>');
  await rejects(writeDetectionsPage(join(dir, 'nowhere')), /nowhere: cannot be read \(ENOENT\)/);
  await writeInversions(dir, [inversion(1), inversion(2, { fileName: 7 })]);
  await rejects(writeDetectionsPage(dir), /inversions\.jsonl: record 2: fileName: expected string, found 7/);
  await writeInversions(dir, []);
  await writeFile(join(dir, 'detections.json'), '{}');
  await rejects(writeDetectionsPage(dir), /detections\.json: top level: expected Array, found Object/);
});

test.run();
