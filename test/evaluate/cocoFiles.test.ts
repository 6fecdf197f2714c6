// Reading the two COCO files: what passes, and the place named in what does not.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../engine/errors.ts';
import { readDetections, readGroundTruth } from '../../evaluate/cocoFiles.ts';

const test = suite('cocoFiles', { folder: '' });
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'cocoFiles-'));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

function write(folder: string, name: string, content: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

async function assertRefused(run: () => Promise<unknown>, pattern: RegExp): Promise<void> {
  const error = await run().then(() => undefined, (reason: unknown) => reason);
  assert.instance(error, UserError);
  assert.match((error as UserError).message, pattern);
}

const annotation = { id: 5, image_id: 1, category_id: 2, bbox: [0, 1, 2, 3], area: 6, iscrowd: 0 };
const annotations = {
  info: { year: 2017 },
  images: [{ id: 1, file_name: 'a.jpg', width: 9, height: 9 }],
  categories: [{ id: 2, name: 'cell', supercategory: 'thing' }],
  annotations: [{ ...annotation, segmentation: [] }],
};
const detection = { image_id: 1, category_id: 2, bbox: [0, 1, 2, 3], score: 0.5 };

test('reads what the evaluator needs and passes over the rest', async ({ folder }) => {
  const gt = await readGroundTruth(write(folder, 'gt.json', annotations));
  assert.equal(gt, { images: [{ id: 1 }], categories: [{ id: 2, name: 'cell' }], annotations: [annotation] });
  assert.equal(await readDetections(write(folder, 'dt.json', [{ ...detection, extra: 1 }]), gt), [detection]);
  assert.equal(await readDetections(write(folder, 'none.json', []), gt), []);
});

test('names the place in an annotations file', async ({ folder }) => {
  const read = (content: unknown) => () => readGroundTruth(write(folder, 'gt.json', content));
  const withAnnotation = (given: object) =>
    read({ ...annotations, annotations: [annotation, { ...annotation, ...given }] });
  await assertRefused(() => readGroundTruth(join(folder, 'absent.json')), /absent\.json: cannot be read \(ENOENT\)/);
  await assertRefused(read('{'), /gt\.json: not valid JSON: /);
  await assertRefused(read([]), /gt\.json: .*not a COCO annotations file/);
  await assertRefused(read({ ...annotations, images: 3 }), /gt\.json: images: expected Array, found 3/);
  await assertRefused(withAnnotation({ bbox: [1, 2, 'x', 4] }), /annotations\[1\]\.bbox\[2\]: expected number/);
  await assertRefused(withAnnotation({ bbox: [1, 2, 3, 4, 5] }), /annotations\[1\]\.bbox\[4\]/);
  await assertRefused(withAnnotation({ iscrowd: 2 }), /annotations\[1\]\.iscrowd/);
  await assertRefused(withAnnotation({}), /gt\.json: annotations\[1\]: id 5 is already that of entry 0/);
});

test('names the place in a detections file', async ({ folder }) => {
  const gt = await readGroundTruth(write(folder, 'gt.json', annotations));
  const read = (content: unknown) => () => readDetections(write(folder, 'dt.json', content), gt);
  await assertRefused(read(annotations), /dt\.json: must be a list of detections .* found an object with info, images/);
  await assertRefused(read('3'), /dt\.json: must be a list of detections .* found 3/);
  await assertRefused(read([detection, { ...detection, score: 'high' }]), /dt\.json\[1\]\.score: expected number/);
  await assertRefused(read([detection, { ...detection, image_id: 7 }]), /dt\.json\[1\]: image_id 7 is not among the 1/);
  await assertRefused(read([{ ...detection, category_id: 7 }]), /dt\.json\[0\]: category_id 7 is not among the 1/);
});

test.run();
