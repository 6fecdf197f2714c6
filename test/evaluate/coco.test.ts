// The evaluator against pycocotools' figures, against cases worked out by hand, and on input that does not fit.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../engine/errors.ts';
import { evaluateDetections } from '../../evaluate/coco.ts';
import {
  averagePrecision, averageRecall, formatStats, precisionRecallCurve, statNames, type Selection,
} from '../../evaluate/cocoStats.ts';
import type { CocoAnnotation, CocoDetection, CocoGroundTruth, XywhPx } from '../../evaluate/cocoTypes.ts';
import type { EvaluationParams } from '../../evaluate/evaluationParams.ts';

const folder = join(process.env.ORACLE_DIR ?? '../shared/data/oracle', 'coco_eval');

interface OracleRun {
  readonly params: Partial<EvaluationParams>;
  readonly expected: {
    readonly stats12: Readonly<Record<string, number>>;
    readonly AP_per_iou_area_all_maxdet_last: readonly number[];
    readonly AR_per_iou_area_all_maxdet_last: readonly number[];
    readonly AR_per_maxdet_area_all: readonly number[];
    readonly AP_area_all_small_medium_large_maxdet_last: readonly number[];
    readonly AR_area_all_small_medium_large_maxdet_last: readonly number[];
    readonly per_class: readonly { category_id: number; AP: number; AP_first_iou: number; AR: number }[];
    readonly iouThrs: readonly number[];
  };
}

function assertClose(actual: readonly number[], expected: readonly number[], what: string): void {
  assert.is(actual.length, expected.length, `${what}: ${actual.length} figures, expected ${expected.length}`);
  actual.forEach((figure, i) => {
    const error = Math.abs(figure - expected[i]!);
    assert.ok(error <= 1e-6, `${what}[${i}]: ${figure}, expected ${expected[i]}`);
  });
}

function checkRun(gt: CocoGroundTruth, detections: CocoDetection[], { params, expected }: OracleRun): void {
  const evaluation = evaluateDetections(gt, detections, params);
  const { iouThrs, maxDets, areaRngLbl } = evaluation.params;
  const ap = (selection: Selection) => averagePrecision(evaluation, selection);
  const ar = (selection: Selection) => averageRecall(evaluation, selection);
  assert.equal(iouThrs, expected.iouThrs, 'thresholds, to the last bit');
  assertClose(evaluation.stats, statNames.map((name) => expected.stats12[name]!), 'stats');
  assertClose(iouThrs.map((iouThr) => ap({ iouThr })), expected.AP_per_iou_area_all_maxdet_last, 'AP by IoU');
  assertClose(iouThrs.map((iouThr) => ar({ iouThr })), expected.AR_per_iou_area_all_maxdet_last, 'AR by IoU');
  assertClose(maxDets.map((limit) => ar({ maxDets: limit })), expected.AR_per_maxdet_area_all, 'AR by limit');
  const apBySize = expected.AP_area_all_small_medium_large_maxdet_last;
  assertClose(areaRngLbl.map((area) => ap({ area })), apBySize, 'AP by size');
  const arBySize = expected.AR_area_all_small_medium_large_maxdet_last;
  assertClose(areaRngLbl.map((area) => ar({ area })), arBySize, 'AR by size');
  expected.per_class.forEach((figures, k) => {
    const ours = evaluation.perClass[k]!;
    assert.is(ours.categoryId, figures.category_id);
    assertClose([ours.AP, ours.AP50, ours.AR], [figures.AP, figures.AP_first_iou, figures.AR], `class ${ours.name}`);
  });
}

if (existsSync(folder)) {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
    const { gt, dt, runs } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    (runs as OracleRun[]).forEach((run) => {
      test(`pycocotools: ${name} ${JSON.stringify(run.params)}`, () => checkRun(gt, dt, run));
    });
  }
} else {
  console.log(`coco.test: pycocotools' cases skipped, no folder ${folder}`);
  test.skip('pycocotools', () => undefined);
}

// Worked out by hand

const square: XywhPx = [10, 10, 100, 100];
const elsewhere: XywhPx = [300, 300, 100, 100];

function groundTruth(annotations: Partial<CocoAnnotation>[]): CocoGroundTruth {
  return {
    images: [{ id: 1 }, { id: 2 }],
    categories: [{ id: 1, name: 'cell' }, { id: 2, name: 'die' }],
    annotations: annotations.map((given, i) => ({ id: i + 1, image_id: 1, category_id: 1, bbox: square, ...given })),
  };
}

function detection(score: number, bbox: XywhPx = square, given: Partial<CocoDetection> = {}): CocoDetection {
  return { image_id: 1, category_id: 1, bbox, score, ...given };
}

test('a perfect detection scores 1 everywhere it is measured', () => {
  const { stats, perClass } = evaluateDetections(groundTruth([{}]), [detection(0.3)]);
  assertClose(stats, [1, 1, 1, -1, -1, 1, 1, 1, 1, -1, -1, 1], 'stats');
  assert.equal(perClass[0], { categoryId: 1, name: 'cell', AP: 1, AP50: 1, AR: 1, objects: 1, detections: 1 });
  assert.equal(perClass[1], { categoryId: 2, name: 'die', AP: -1, AP50: -1, AR: -1, objects: 0, detections: 0 });
});

test('a surer false positive halves precision, a less sure one costs nothing', () => {
  const gt = groundTruth([{}]);
  assertClose(evaluateDetections(gt, [detection(0.9, elsewhere), detection(0.5)]).stats.slice(0, 1), [0.5], 'before');
  assertClose(evaluateDetections(gt, [detection(0.4, elsewhere), detection(0.5)]).stats.slice(0, 1), [1], 'after');
});

test('a duplicate is a false positive', () => {
  const gt = groundTruth([{}, { bbox: elsewhere }]);
  const evaluation = evaluateDetections(gt, [detection(0.9), detection(0.8), detection(0.7, elsewhere)]);
  // Precision 1 up to recall 1/2 (51 of 101 recalls), 2/3 beyond.
  assertClose([evaluation.stats[0]!], [(51 + 50 * 2 / 3) / 101], 'AP');
});

test('IoU decides which thresholds a detection passes', () => {
  // 80 of 100 columns shared: IoU 80 / 120 = 2/3 passes 0.5 to 0.65, four of ten thresholds.
  const evaluation = evaluateDetections(groundTruth([{}]), [detection(1, [30, 10, 100, 100])]);
  assertClose(evaluation.stats.slice(0, 3), [0.4, 1, 0], 'AP, AP50, AP75');
});

test('a threshold of 1 accepts a perfect overlap', () => {
  const evaluation = evaluateDetections(groundTruth([{}]), [detection(1)], { iouThrs: [1] });
  assertClose([evaluation.stats[0]!, evaluation.stats[1]!, evaluation.perClass[0]!.AP50], [1, -1, -1], 'stats');
});

test('detections inside a crowd are neither right nor wrong, however many', () => {
  const gt = groundTruth([{ bbox: [0, 0, 400, 400], iscrowd: 1 }, { bbox: elsewhere }]);
  const inside = [0.9, 0.8, 0.7].map((score) => detection(score, [50, 50, 20, 20]));
  const evaluation = evaluateDetections(gt, [...inside, detection(0.6, elsewhere)]);
  assertClose(evaluation.stats.slice(0, 3), [1, 1, 1], 'AP');
  assert.is(evaluation.perClass[0]!.objects, 1);
});

test('a detection prefers an object that counts over a crowd it overlaps more', () => {
  // IoU 2/3 with the object, 1 with the crowd: the object is found at the four thresholds it passes.
  const shifted: XywhPx = [30, 10, 100, 100];
  const gt = groundTruth([{ bbox: [0, 0, 400, 400], iscrowd: 1 }, {}]);
  assertClose(evaluateDetections(gt, [detection(1, shifted)]).stats.slice(0, 3), [0.4, 1, 0], 'AP, AP50, AP75');
});

test('ignore flags count only when asked for', () => {
  const gt = groundTruth([{ ignore: 1 }, { bbox: elsewhere }]);
  const detections = [detection(0.9, elsewhere)];
  // One of two found: precision 1 at 51 of 101 recalls.
  assertClose([evaluateDetections(gt, detections).stats[0]!], [51 / 101], 'as pycocotools');
  assertClose([evaluateDetections(gt, detections, { useIgnoreFlags: true }).stats[0]!], [1], 'honoured');
  const both = [...detections, detection(1)];
  assertClose([evaluateDetections(gt, both, { useIgnoreFlags: true }).stats[0]!], [1], 'a match does not count');
});

test('tied scores keep the order of images, then of the list', () => {
  const gt = groundTruth([{}]);
  const right = detection(0.5);
  const wrong = detection(0.5, elsewhere);
  assertClose([evaluateDetections(gt, [right, wrong]).stats[0]!], [1], 'right first');
  assertClose([evaluateDetections(gt, [wrong, right]).stats[0]!], [0.5], 'wrong first');
  const inLaterImage = detection(0.5, elsewhere, { image_id: 2 });
  assertClose([evaluateDetections(gt, [inLaterImage, right]).stats[0]!], [1], 'wrong in a later image');
});

test('size ranges: objects go by their area, unmatched detections by their box', () => {
  // The mask's 900 px² make the object small although its box is large; the stray large box is out of range.
  const gt = groundTruth([{ area: 900 }]);
  const { stats } = evaluateDetections(gt, [detection(0.9, elsewhere), detection(0.5)]);
  assertClose(stats.slice(0, 6), [0.5, 0.5, 0.5, 1, -1, -1], 'AP');
});

test('only the surest maxDets of an image and class count', () => {
  const detections = [detection(0.9, elsewhere), detection(0.8, elsewhere), detection(0.7)];
  const { stats } = evaluateDetections(groundTruth([{}]), detections, { maxDets: [1, 2, 3] });
  assertClose([stats[0]!, stats[1]!, ...stats.slice(6, 9)], [-1, 1 / 3, 0, 0, 1], 'AP at 100, AP50, AR at 1, 2, 3');
});

test('custom recalls, sizes, image and category subsets', () => {
  const gt = groundTruth([{}, { image_id: 2 }, { image_id: 2, category_id: 2, bbox: elsewhere }]);
  const detections = [detection(0.9), detection(0.8, elsewhere, { image_id: 2 })];
  assertClose([evaluateDetections(gt, detections, { recThrs: [0, 0.5, 1] }).stats[0]!], [(2 / 3 + 0) / 2], 'recThrs');
  assertClose(evaluateDetections(gt, detections, { imgIds: [1] }).stats.slice(0, 1), [1], 'imgIds');
  assertClose(evaluateDetections(gt, detections, { catIds: [2] }).stats.slice(0, 1), [0], 'catIds');
  const sizes = evaluateDetections(gt, detections, { areaRng: [[0, 1], [1, 1e5]], areaRngLbl: ['all', 'small'] });
  assertClose(sizes.stats.slice(0, 6), [-1, -1, -1, (51 / 101 + 0) / 2, -1, -1], 'areaRng');
});

test('without categories a box of another class is as good', () => {
  const wrongClass = [detection(0.9, square, { category_id: 2 })];
  assertClose([evaluateDetections(groundTruth([{}]), wrongClass).stats[0]!], [0], 'with');
  const evaluation = evaluateDetections(groundTruth([{}]), wrongClass, { useCats: false });
  assertClose([evaluation.stats[0]!], [1], 'without');
  assert.is(evaluation.perClass[0]!.categoryId, -1);
});

test('an annotation of id 0 can be found', () => {
  assertClose(evaluateDetections(groundTruth([{ id: 0 }]), [detection(1)]).stats.slice(0, 1), [1], 'AP');
});

test('nothing to find reads -1, nothing found reads 0', () => {
  const nothing = evaluateDetections(groundTruth([]), [detection(1)]);
  assert.equal(nothing.stats, Array(12).fill(-1));
  assert.is(precisionRecallCurve(nothing, 1), null);
  assert.equal(evaluateDetections({ images: [], categories: [], annotations: [] }, []).stats, Array(12).fill(-1));
  assertClose(evaluateDetections(groundTruth([{}]), []).stats, [0, 0, 0, -1, -1, 0, 0, 0, 0, -1, -1, 0], 'unfound');
});

test('precision-recall curve at IoU 0.5', () => {
  const gt = groundTruth([{}, { bbox: elsewhere }]);
  const evaluation = evaluateDetections(gt, [detection(0.9), detection(0.8)]);
  const curve = precisionRecallCurve(evaluation, 1)!;
  assert.is(curve.recall.length, 101);
  assert.is(curve.recall[50], 0.5);
  assertClose(curve.precision, [...Array(51).fill(1), ...Array(50).fill(0)], 'precision');
  assertClose(curve.score, [...Array(51).fill(0.9), ...Array(50).fill(0)], 'score');
});

test('the twelve lines', () => {
  const lines = formatStats(evaluateDetections(groundTruth([{}]), [detection(1, [30, 10, 100, 100])])).split('\n');
  assert.is(lines.length, 12);
  assert.is(lines[0], ' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.400');
  assert.is(lines[2], ' Average Precision  (AP) @[ IoU=0.75      | area=   all | maxDets=100 ] = 0.000');
  assert.is(lines[6], ' Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=  1 ] = 0.400');
  assert.is(lines[9], ' Average Recall     (AR) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = -1.000');
});

// Input that does not fit

function assertUserError(run: () => unknown, pattern: RegExp): void {
  assert.throws(run, (error: unknown) => error instanceof UserError && pattern.test(error.message));
}

test('detections that do not fit name their place and value', () => {
  const gt = groundTruth([{}]);
  const second = (given: Partial<CocoDetection>) => () =>
    evaluateDetections(gt, [detection(1), { ...detection(1), ...given }]);
  assertUserError(second({ image_id: 7 }), /detections\[1\]: image_id 7 is not among the 2 images/);
  assertUserError(second({ category_id: 9 }), /detections\[1\]: category_id 9 is not among the 2 categories/);
  assertUserError(second({ score: NaN }), /detections\[1\]: score must be a finite number, got NaN/);
  assertUserError(second({ bbox: [50, 50, -10, 20] }), /detections\[1\]: bbox .* got \[50, 50, -10, 20\]/);
});

test('ground truth that does not fit names its place and value', () => {
  const run = (annotations: Partial<CocoAnnotation>[]) => () => evaluateDetections(groundTruth(annotations), []);
  assertUserError(run([{}, { id: 1 }]), /annotations\[1\]: id 1 is already that of entry 0/);
  assertUserError(run([{ image_id: 7 }]), /annotations\[0\]: image_id 7 is not among/);
  assertUserError(run([{ category_id: 9 }]), /annotations\[0\]: category_id 9 is not among/);
  assertUserError(run([{ bbox: [0, 0, NaN, 1] }]), /annotations\[0\]: bbox/);
  assertUserError(run([{ area: -1 }]), /annotations\[0\]: area must be 0 or more/);
});

test('settings that measure nothing are refused', () => {
  const run = (params: Partial<EvaluationParams>) => () => evaluateDetections(groundTruth([{}]), [], params);
  assertUserError(run({ maxDets: [100] }), /maxDets must be three ascending positive integers.* got \[100\]/);
  assertUserError(run({ maxDets: [10, 1, 100] }), /maxDets/);
  assertUserError(run({ iouThrs: [] }), /iouThrs/);
  assertUserError(run({ iouThrs: [50] }), /iouThrs must be numbers in 0\.\.1, got \[50\]/);
  assertUserError(run({ recThrs: [1, 0] }), /recThrs must ascend/);
  assertUserError(run({ areaRng: [[0, 1]] }), /areaRng has 1 ranges but areaRngLbl 4 names/);
  assertUserError(run({ imgIds: [3] }), /imgIds has 3/);
  assertUserError(run({ catIds: [3] }), /catIds has 3/);
});

test.run();
