// The method itself, with the weights that come with the repository, on layouts that they have not seen.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { planesFromRgb } from '../../data/images.ts';
import { rendererUnlike, sceneCategories } from '../../data/scenes.ts';
import { evaluateDetections } from '../../evaluate/coco.ts';
import { averageRecall } from '../../evaluate/cocoStats.ts';
import { toDetections } from '../../invert/detections.ts';
import { Inverter } from '../../invert/invert.ts';
import { emptyLayout, encodeLayout } from '../../models/layoutTokens.ts';
import { openGenerator } from '../../pipeline/generator.ts';
import { demoWeights, trainedLayouts } from '../../tools/demoWeights.ts';
import { inversionConfig, priorOf } from '../../tools/inversionOptions.ts';
import { testDevice } from '../support/gpu.ts';

const { kind, size } = demoWeights.scenes;
const next = rendererUnlike({ kind, seed: 777 }, size, trainedLayouts());
const scenes = Array.from({ length: 4 }, (_, i) => {
  const { rgb, objects } = next();
  return { name: `scene ${i}`, picture: planesFromRgb({ rgb, width: size, height: size }), objects };
});
const categories = sceneCategories(kind);

async function opened(): Promise<{ inverter: Inverter; generator: Awaited<ReturnType<typeof openGenerator>> }> {
  const device = await testDevice();
  const generator = await openGenerator(device, demoWeights.generator);
  const prior = priorOf({ generator: demoWeights.generator, prior: demoWeights.prior }, generator);
  const config = inversionConfig({ preset: 'search', seed: 0, steps: 30, imagesAtOnce: 4 }, generator);
  return { generator, inverter: await Inverter.open(device, generator, prior, config) };
}

const ready = opened();

test('the true layout explains a picture better than the next picture\'s layout or none', async () => {
  const { generator: { vocabulary }, inverter } = await ready;
  const energies = await inverter.energiesOf(scenes, scenes.flatMap(({ objects }, image) => [
    { image, tokens: encodeLayout(vocabulary, objects) },
    { image, tokens: encodeLayout(vocabulary, scenes[(image + 1) % scenes.length]!.objects) },
    { image, tokens: emptyLayout(vocabulary) },
  ]));
  const won = scenes.filter((_, i) =>
    energies[3 * i]! < energies[3 * i + 1]! && energies[3 * i]! < energies[3 * i + 2]!).length;
  assert.is(won, scenes.length, `true layout lowest for ${won} of ${scenes.length} pictures`);
});

test('inversion finds most objects of unseen scenes, and few of other scenes\' objects', async () => {
  const { inverter } = await ready;
  const found = await inverter.invert(scenes);
  const images = scenes.map((_, i) => ({ id: i + 1, width: 100, height: 100 }));
  const annotations = scenes.flatMap(({ objects }, i) =>
    objects.map(({ classIndex, xyxyUnit: [x0, y0, x1, y1] }, k) => ({
      id: 10 * (i + 1) + k, image_id: i + 1, category_id: categories[classIndex]!.id,
      bbox: [100 * x0, 100 * y0, 100 * (x1 - x0), 100 * (y1 - y0)] as [number, number, number, number],
      area: 1e4 * (x1 - x0) * (y1 - y0),
    })));
  const recall = (shift: number): number => averageRecall(
    evaluateDetections({ images, annotations, categories: [...categories] }, found.flatMap((inversion, i) =>
      toDetections(inversion, images[(i + shift) % images.length]!, categories)
        .map((d) => ({ ...d, bbox: [...d.bbox] })))),
    { iouThr: 0.5 });
  assert.ok(recall(0) >= 0.8, `found ${recall(0)} of the objects`);
  assert.ok(recall(1) <= 0.25, `found ${recall(1)} of the next scenes' objects`);
});

test.run();
