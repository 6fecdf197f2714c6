import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { annotatedDataset, noFilters, readAnnotations } from '../../data/annotations.ts';
import { flatScene } from '../../data/flatScenes.ts';
import { loadRgb } from '../../data/images.ts';
import { streetScene } from '../../data/sceneLayout.ts';
import { sceneObjects } from '../../data/sceneObjects.ts';
import { writeSceneFolder } from '../../data/sceneFolder.ts';
import { renderScene } from '../../data/sceneRender.ts';
import { layoutKey, rendererUnlike, sceneCategories, sceneDataset, sceneFileName, scenesToCoco, sceneSpec }
  from '../../data/scenes.ts';

const test = suite<{ dir: string }>('scenes', { dir: '' });
test.before(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'scenes-'));
});
test.after(async ({ dir }) => rm(dir, { recursive: true }));

const names = sceneObjects.map(({ name }) => name);
const streets = Array.from({ length: 400 }, (_, index) => streetScene(3, index));

test('scenes repeat with their seed and differ with it', () => {
  const render = (seed: number, index: number): Uint8Array =>
    renderScene(sceneSpec({ kind: 'street', seed }, index), 32).rgb;
  assert.is(Buffer.compare(render(1, 5), render(1, 5)), 0);
  assert.is.not(Buffer.compare(render(1, 5), render(2, 5)), 0);
  assert.is.not(Buffer.compare(render(1, 5), render(1, 6)), 0);
});

test('a picture is fixed down to its bytes', () => {
  const checksum = (spec: ReturnType<typeof sceneSpec>): number =>
    renderScene(spec, 64).rgb.reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, 7);
  assert.is(checksum(sceneSpec({ kind: 'street', seed: 0 }, 0)), 3904885653);
  assert.is(checksum(sceneSpec({ kind: 'flat', seed: 0 }, 0)), 821266759);
});

test('every class occurs, counts vary, nothing exceeds the maximum', () => {
  const counts = new Map<string, number>();
  const sizes = new Set<number>();
  for (const { objects } of streets) {
    sizes.add(objects.length);
    for (const { classIndex } of objects) counts.set(names[classIndex], (counts.get(names[classIndex]) ?? 0) + 1);
  }
  for (const name of names) assert.ok((counts.get(name) ?? 0) >= 40, `${name}: ${counts.get(name)}`);
  assert.ok(sizes.size >= 8);
  assert.ok(Math.max(...sizes) <= 12 && Math.min(...sizes) >= 1);
  const few = Array.from({ length: 100 }, (_, index) => streetScene(3, index, 3).objects.length);
  assert.is(Math.max(...few), 3);
});

test('things stand where they belong', () => {
  let dogs = 0;
  for (const { objects, horizon, water, road, weather } of streets) {
    const present = new Set(objects.map(({ classIndex }) => names[classIndex]));
    for (const { classIndex, base, height, mirrored } of objects) {
      const name = names[classIndex];
      if (name === 'sun') assert.ok(weather !== 'overcast' && base <= horizon);
      else if (name === 'cloud') assert.ok(base < horizon);
      else assert.ok(base > horizon && base <= 1, `${name} at ${base}`);
      if (name === 'boat') assert.ok(water && base > water.top && base < water.bottom);
      if (name === 'car' || name === 'bus') {
        assert.ok(road && base > road.top && base < road.bottom);
        assert.is(mirrored, base < (road.top + road.bottom) / 2, 'each lane has its way');
      }
      if (name === 'person') assert.ok(height > 0.05 && height < 0.4);
      if (name === 'dog') {
        dogs++;
        assert.ok(present.has('person'));
      }
    }
    const grounded = objects.map(({ base }) => base).filter((base) => base > horizon);
    assert.equal(grounded, [...grounded].sort((a, b) => a - b), 'far to near');
  }
  assert.ok(dogs > 0);
});

test('perspective: nearer people are taller', () => {
  const people = streets.flatMap(({ objects, horizon }) =>
    objects.filter(({ classIndex }) => names[classIndex] === 'person').map(({ base, height }) =>
      ({ depth: base - horizon, height })));
  const mean = (list: typeof people): number => list.reduce((sum, { height }) => sum + height, 0) / list.length;
  assert.ok(mean(people.filter(({ depth }) => depth > 0.45)) > 1.5 * mean(people.filter(({ depth }) => depth < 0.2)));
});

test('rendered objects are visible, within the picture, and nearly the same at another size', () => {
  for (let index = 0; index < 12; index++) {
    const small = renderScene(streets[index], 48).objects;
    const large = renderScene(streets[index], 96).objects;
    assert.is(small.length, large.length);
    small.forEach(({ xyxyUnit, visible, classIndex }, i) => {
      const [x0, y0, x1, y1] = xyxyUnit;
      assert.ok(x0 >= 0 && y0 >= 0 && x1 <= 1 && y1 <= 1 && x1 > x0 && y1 > y0);
      assert.ok(visible >= 0.3 && visible <= 1);
      assert.is(classIndex, large[i].classIndex);
      xyxyUnit.forEach((value, k) => assert.ok(Math.abs(value - large[i].xyxyUnit[k]) < 1 / 48));
    });
  }
});

test('hidden objects are left out', () => {
  const bus = names.indexOf('bus');
  const base = { ...streets[0], water: null, road: null };
  const placed = (classIndex: number, left: number, height: number, aspect: number, foot: number) =>
    ({ classIndex, left, base: foot, height, aspect, mirrored: false, variant: 1 });
  const dog = placed(names.indexOf('dog'), 0.4, 0.1, 1.3, 0.8);
  const before = renderScene({ ...base, objects: [dog] }, 48);
  const behind = renderScene({ ...base, objects: [dog, placed(bus, 0.2, 0.3, 2.2, 0.85)] }, 48);
  assert.equal(before.objects.map(({ classIndex }) => classIndex), [dog.classIndex]);
  assert.equal(behind.objects.map(({ classIndex }) => classIndex), [bus]);
});

test('flat scenes: corners on the grid, apart, thousands of layouts', () => {
  const layouts = new Set<string>();
  for (let index = 0; index < 12_000; index++) {
    const { shapes } = flatScene(4, index, { cells: 8 });
    assert.ok(shapes.length >= 1 && shapes.length <= 2);
    for (const { xyxyUnit, classIndex } of shapes) {
      assert.ok(classIndex >= 0 && classIndex < 3);
      xyxyUnit.forEach((value) => assert.ok(Number.isInteger(value * 8) && value >= 0 && value <= 1));
    }
    if (shapes.length === 2) {
      const [[a0, b0, a1, b1], [c0, d0, c1, d1]] = shapes.map(({ xyxyUnit }) => xyxyUnit);
      assert.ok(a1 < c0 || c1 < a0 || b1 < d0 || d1 < b0);
    }
    layouts.add(JSON.stringify(shapes.map(({ xyxyUnit, classIndex }) => [classIndex, ...xyxyUnit])));
  }
  assert.ok(layouts.size > 2000, `${layouts.size}`);
});

test('scenes unlike others have none of their layouts', () => {
  const which = { kind: 'flat', seed: 4 } as const;
  const layouts = (count: number, of: Parameters<typeof sceneSpec>[0]): Set<string> =>
    new Set(Array.from({ length: count }, (_, i) => layoutKey(renderScene(sceneSpec(of, i), 16).objects)));
  const known = layouts(2000, which);
  const next = rendererUnlike({ ...which, seed: 5 }, 16, known);
  for (let i = 0; i < 50; i++) assert.not.ok(known.has(layoutKey(next().objects)));
  const none = layouts(20, { kind: 'flat', seed: 4, cells: 3 });
  assert.is(none.size, 3, 'on three cells there are only three layouts');
  assert.throws(rendererUnlike({ kind: 'flat', seed: 5, cells: 3 }, 16, none), /in a row have known layouts/);
});

test('flat scenes: exactly the box is coloured', () => {
  const square = { classIndex: 1, xyxyUnit: [0.25, 0.5, 0.75, 0.875] as const, color: [255, 0, 0] as const };
  const { rgb } = renderScene({ kind: 'flat', ground: [0, 0, 0], shapes: [square] }, 16);
  for (let y = 0; y < 16; y++) {
    for (let x = 0; x < 16; x++) {
      assert.is(rgb[3 * (y * 16 + x)], x >= 4 && x < 12 && y >= 8 && y < 14 ? 255 : 0);
    }
  }
});

test('in memory: the dataset that its COCO form reads as', () => {
  const { dataset, pictures } = sceneDataset({ kind: 'street', seed: 2, count: 3, size: 32, first: 4 });
  assert.equal(dataset.categories.map(({ name }) => name), names);
  assert.is(pictures.length, 3);
  assert.is(dataset.images[0].fileName, sceneFileName(4));
  assert.is(Buffer.compare(pictures[1], renderScene(streetScene(2, 5), 32).rgb), 0);
  const coco = scenesToCoco(sceneCategories('street'), [[4, renderScene(streetScene(2, 4), 32)]]);
  assert.equal(annotatedDataset(coco, 'f', noFilters).images[0], dataset.images[0]);
});

test('on disk: images, train.json and val.json, and none of these when stopped', async ({ dir }) => {
  const options = {
    out: dir, count: 10, valFraction: 0.2, categories: sceneCategories('flat'),
    render: (index: number) => renderScene(sceneSpec({ kind: 'flat', seed: 1 }, index), 16),
  };
  let done = 0;
  assert.equal(await writeSceneFolder({ ...options, onImage: (n) => { done = n; } }), { train: 8, val: 2 });
  assert.is(done, 10);
  const val = await readAnnotations(join(dir, 'val.json'));
  assert.equal(val.images.map(({ fileName }) => fileName), ['000008.png', '000009.png']);
  assert.is((await readAnnotations(join(dir, 'train.json'))).images.length, 8);
  const { rgb } = await loadRgb(join(dir, 'images', '000009.png'));
  assert.is(Buffer.compare(rgb, options.render(9).rgb), 0);
  assert.is((await readdir(join(dir, 'images'))).length, 10);

  const controller = new AbortController();
  const stopped = writeSceneFolder({ ...options, signal: controller.signal, onImage: () => controller.abort() });
  await stopped.then(() => assert.unreachable(), (error) => assert.is(error.name, 'AbortError'));
  assert.equal((await readdir(dir)).sort(), ['images']);
});

test.run();
