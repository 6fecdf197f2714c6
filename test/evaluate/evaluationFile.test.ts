// evaluation.json: what it holds, and that it appears whole or not at all.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../engine/errors.ts';
import { evaluateDetections } from '../../evaluate/coco.ts';
import { evaluationRecord, writeEvaluation } from '../../evaluate/evaluationFile.ts';

const test = suite('evaluationFile', { folder: '' });
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'evaluationFile-'));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

const record = evaluationRecord(evaluateDetections({
  images: [{ id: 1 }],
  categories: [{ id: 1, name: 'cell "a"' }, { id: 2, name: 'absent' }],
  annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 10, 10] }],
}, [{ image_id: 1, category_id: 1, bbox: [0, 0, 10, 10], score: 0.5 }]));

test('the file reads back as the record', async ({ folder }) => {
  const file = join(folder, 'made', 'on the way', 'evaluation.json');
  await writeEvaluation(file, record);
  const text = readFileSync(file, 'utf8');
  assert.equal(JSON.parse(text), record);
  assert.ok(text.split('\n').length < 60, 'curves stay on one line');
  assert.equal(readdirSync(join(folder, 'made', 'on the way')), ['evaluation.json']);
});

test('it holds figures, curves and settings', () => {
  assert.is(record.stats.length, 12);
  assert.is(record.statNames.length, 12);
  assert.is(record.perClass[0]!.curve50!.precision.length, 101);
  assert.is(record.perClass[1]!.curve50, null);
  assert.is(record.params.images, 1);
  assert.equal(record.params.maxDets, [1, 10, 100]);
});

test('a place that cannot be written is named, and nothing is left there', async ({ folder }) => {
  await writeEvaluation(join(folder, 'evaluation.json'), record);
  const inside = join(folder, 'evaluation.json', 'evaluation.json');
  const error = await writeEvaluation(inside, record).then(() => undefined, (reason: unknown) => reason);
  assert.instance(error, UserError);
  assert.match((error as UserError).message, /evaluation\.json: cannot be written \(E/);
  assert.equal(readdirSync(folder), ['evaluation.json']);
  assert.not.ok(existsSync(inside));
});

test.run();
