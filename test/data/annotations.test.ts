import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  annotatedDataset, noFilters, publishedCocoFilters, readAnnotations, sortCategories,
} from '../../data/annotations.ts';
import { cocoAnnotation, parseCoco, readCoco, writeCoco } from '../../data/cocoJson.ts';
import type { CocoJson } from '../../data/cocoJson.ts';
import { UserError } from '../../engine/errors.ts';
import { rejects } from './rejects.ts';

const test = suite<{ dir: string }>('annotations', { dir: '' });
test.before(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'annotations-'));
});
test.after(async ({ dir }) => rm(dir, { recursive: true }));

/** Two images of 100 x 50 px, three boxes. */
function small(): CocoJson {
  return {
    categories: [{ id: 2, name: 'cat' }, { id: 10, name: 'dog' }],
    images: [
      { id: 7, file_name: 'a.png', width: 100, height: 50 },
      { id: 8, file_name: 'b.png', width: 100, height: 50 },
    ],
    annotations: [
      { id: 1, image_id: 7, category_id: 2, bbox: [10, 10, 20, 20], iscrowd: 0 },
      { id: 2, image_id: 7, category_id: 10, bbox: [50, 0, 50, 50], iscrowd: 1 },
      { id: 3, image_id: 8, category_id: 10, bbox: [0, 0, 1, 1] },
    ],
  };
}

test('boxes become fractions, classes follow the ids as strings', () => {
  const { categories, images, clipped } = annotatedDataset(small(), 'f');
  assert.equal(categories, [{ id: 10, name: 'dog' }, { id: 2, name: 'cat' }]);
  assert.equal(images[0], { id: 7, fileName: 'a.png', width: 100, height: 50, objects: [
    { classIndex: 1, xyxyUnit: [0.1, 0.2, 0.3, 0.6], crowd: false, annotationId: 1 },
    { classIndex: 0, xyxyUnit: [0.5, 0, 1, 1], crowd: true, annotationId: 2 },
  ] });
  assert.is(clipped, 0);
  const ids = [1, 2, 3, 10, 11, 20, 100].map((id) => ({ id, name: `${id}` }));
  assert.equal(sortCategories(ids).map(({ id }) => id), [1, 10, 100, 11, 2, 20, 3]);
});

test('filters leave out and count boxes and images', () => {
  const left = annotatedDataset(small(), 'f', { ...publishedCocoFilters, minArea: 1e-3 });
  assert.equal(left.images.map(({ id }) => id), [7]);
  assert.is(left.dropped['box at or under minArea'], 1);
  assert.is(left.dropped['image under minObjects'], 1);
  const uncrowded = annotatedDataset(small(), 'f', { crowd: 'drop', maxObjects: 1 });
  assert.equal(uncrowded.images.map(({ objects }) => objects.length), [1, 1]);
  assert.is(uncrowded.dropped['crowd box'], 1);
  assert.is(annotatedDataset(small(), 'f', { maxObjects: 1 }).dropped['image over maxObjects'], 1);
  assert.is(annotatedDataset({ ...small(), annotations: [] }, 'f', noFilters).images.length, 2);
});

test('boxes beyond the image: clipped, dropped, or refused when strict', () => {
  const coco = small();
  coco.annotations = [
    cocoAnnotation(1, 7, 2, [-10, -5, 30, 30]), cocoAnnotation(2, 7, 2, [90, 40, 30, 30]),
    cocoAnnotation(3, 7, 2, [100, 0, 5, 5]), cocoAnnotation(4, 7, 2, [5, 5, 0, 5]),
    cocoAnnotation(5, 7, 2, [5, 5, -3, 5]), cocoAnnotation(6, 7, 2, [95, 45, 5.2, 5.2]),
  ];
  const { images, dropped, clipped } = annotatedDataset(coco, 'f');
  assert.equal(images[0].objects.map(({ xyxyUnit }) => xyxyUnit),
    [[0, 0, 0.2, 0.5], [0.9, 0.8, 1, 1], [0.95, 0.9, 1, 1]]);
  assert.is(clipped, 2);
  assert.is(dropped['box without area'], 2);
  assert.is(dropped['box outside the image'], 1);
  const strictly = (bbox: [number, number, number, number]): void => {
    annotatedDataset({ ...coco, annotations: [cocoAnnotation(9, 7, 2, bbox)] }, 'f.json', { strict: true });
  };
  assert.throws(() => strictly([-10, 0, 20, 20]), /f.json: annotations\[0\] \(id 9\): box over the edge/);
  assert.throws(() => strictly([200, 0, 20, 20]), /box outside the image: .* 200, 0, 20, 20 in image 7 of 100 x 50/);
  assert.throws(() => strictly([2, 2, 0, 2]), /without area/);
  assert.not.throws(() => strictly([95, 45, 5.2, 5.2]));
});

test('a second file follows the categories of the first', () => {
  const categories = [{ id: 2, name: 'cat' }, { id: 3, name: 'bird' }, { id: 10, name: 'dog' }];
  const { images } = annotatedDataset(small(), 'f', { categories });
  assert.equal(images[0].objects.map(({ classIndex }) => classIndex), [0, 2]);
  assert.throws(() => annotatedDataset(small(), 'val.json', { categories: categories.slice(0, 2) }),
    /val.json: category 10 is "dog", but the model's category 10 is missing/);
  assert.throws(() => annotatedDataset(small(), 'f', { categories: [{ id: 2, name: 'cow' }] }), /"cat".*"cow"/);
});

test('contradictions are refused with file and item', () => {
  const broken = (change: (coco: CocoJson) => void): (() => void) => () => {
    const coco = small();
    change(coco);
    annotatedDataset(coco, 'x.json');
  };
  assert.throws(broken((c) => { c.annotations[1].category_id = 5; }),
    (error: Error) => error instanceof UserError &&
      error.message === 'x.json: annotations[1] (id 2): category_id 5 is not among the categories');
  assert.throws(broken((c) => { c.annotations[2].image_id = 1; }), /annotations\[2\] \(id 3\): image_id 1 is not/);
  assert.throws(broken((c) => { c.images[1].id = 7; }), /images\[0\] and images\[1\] have the same id 7/);
  assert.throws(broken((c) => { c.annotations[1].id = 1; }), /annotations\[0\] and annotations\[1\]/);
  assert.throws(broken((c) => { c.categories[1].id = 2; }), /categories\[0\] and categories\[1\]/);
  assert.throws(broken((c) => { c.images = []; c.annotations = []; }), /images is empty/);
  assert.throws(broken((c) => { c.categories = []; }), /categories is empty/);
  assert.throws(broken((c) => { c.annotations = []; }), /leave none of 2 images \(2 x image under minObjects/);
});

test('malformed structure is refused with file, item and what was found', () => {
  const broken = (change: (coco: any) => void): (() => void) => () => {
    const coco = small();
    change(coco);
    parseCoco(coco, 'x.json');
  };
  assert.throws(() => parseCoco([], 'x.json'), /x.json: (top level|categories).*COCO instances file/);
  assert.throws(() => parseCoco({ images: [] }, 'x.json'), /x.json: categories/);
  assert.throws(broken((c) => { c.annotations[1].bbox = [1, 2, 3]; }), /annotations\[1\] \(id 2\)\.bbox/);
  assert.throws(broken((c) => { c.annotations[1].bbox[2] = null; }), /\.bbox\[2\]: .*received null/);
  assert.throws(broken((c) => { delete c.annotations[0].image_id; }), /annotations\[0\] \(id 1\)\.image_id/);
  assert.throws(broken((c) => { c.annotations[0].id = 'one'; }), /annotations\[0\] \(id one\)\.id.*received "one"/);
  assert.throws(broken((c) => { c.images[1].width = 0; }), /images\[1\] \(id 8\)\.width/);
  assert.throws(broken((c) => { c.images[1].file_name = ''; }), /file_name/);
  assert.throws(broken((c) => { c.annotations[0].iscrowd = 2; }), /iscrowd/);
});

test('files: round trip, byte order mark, missing, cut off', async ({ dir }) => {
  const path = join(dir, 'deep', 'a.json');
  await writeCoco(path, small());
  assert.equal(await readCoco(path), small());
  const text = await readFile(path, 'utf8');
  await writeFile(path, `\uFEFF${text}`);
  assert.is((await readAnnotations(path)).images.length, 2);
  await writeFile(path, text.slice(0, -40));
  await rejects(readAnnotations(path), /a\.json: not valid JSON/);
  await rejects(readAnnotations(join(dir, 'none.json')), /none\.json: cannot be read \(ENOENT\)/);
});

test.run();
