// The whole objective, image energy + prior, of every projection: compiled against f64, and its gradient against
// differences; where the projection is straight-through, against the differences of the surrogate that defines it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../engine/compile/compile.ts';
import { grad } from '../../engine/grad.ts';
import { interpret } from '../../engine/interpret.ts';
import { add, inputTensor, oneHot, reshape, sub, sum, table } from '../../engine/ops/index.ts';
import { RandomStream } from '../../engine/random.ts';
import { sizeOf, type Tensor, type TypedData } from '../../engine/tensor.ts';
import type { Projection } from '../../invert/config.ts';
import { imageEnergy, priorEnergy, totalEnergy } from '../../invert/objective.ts';
import { project, variableShapes, type Projected, type Variable } from '../../invert/projection.ts';
import { noiseSchedule } from '../../models/diffusion.ts';
import { negativeLogLikelihood, slotTargets } from '../../models/prior/autoregressive.ts';
import { slotFrequencyTensors, slotTables, type SlotChoices } from '../../models/softTokens.ts';
import { encoderScope, generator as generatorOf } from '../../models/unet/generator.ts';
import { embedTokens, tokenTable } from '../../models/unet/layoutEncoder.ts';
import { openGenerator, type Generator } from '../../pipeline/generator.ts';
import { embedForPrior, openPrior, priorScores, type Prior } from '../../pipeline/prior.ts';
import { testDevice } from '../support/gpu.ts';
import { microVocabulary as vocabulary, writeMicroRuns } from '../support/microRuns.ts';

interface Context {
  generator: Generator;
  prior: Prior;
  /** Parameters by the names of their states, for `interpret`. */
  weights: Record<string, TypedData>;
}

const test = suite<Context>('invert/projection');

test.before(async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'projection-'));
  await writeMicroRuns(dir);
  context.generator = await openGenerator(await testDevice(), join(dir, 'generator'));
  context.prior = openPrior(join(dir, 'prior'));
  context.weights = {};
  for (const { store } of [context.generator, context.prior]) {
    // Copied: the device takes the initial values when a program is compiled.
    for (const { state } of store.groups) context.weights[state.name] = state.initial!.slice();
  }
  rmSync(dir, { recursive: true });
});

// Two pictures, three layouts, two pairs each.
const [I, Q, T] = [2, 3, 2];
const pictureOf = [0, 1, 1];
const draws = { timesteps: Int32Array.of(3, 11, 7, 18), noises: Int32Array.of(0, 3, 1, 2) };
const priorWeight = 0.05;

const values = (name: string, shape: readonly number[], scale = 1): Float32Array => {
  const random = new RandomStream(9, name);
  return Float32Array.from({ length: sizeOf(shape) }, () => scale * random.normal());
};

interface Objective {
  readonly energy: Tensor;
  readonly projected: Projected;
  readonly leaves: readonly Tensor[];
}

/** Scale of the variable: rows of the table are normals of about 0.15. */
const scaleOf = (projection: Projection): number => (projection === 'logits' ? 1 : 0.2);

function variableOf(projection: Projection, name: string): { variable: Variable; leaves: Tensor[] } {
  const leaves = variableShapes(projection, Q, 8, vocabulary).map((shape, i) => inputTensor(`${name}${i}`, shape));
  return { leaves, variable: projection === 'logits'
    ? { kind: 'scores', classes: leaves[0]!, corners: leaves[1]! } : { kind: 'embeddings', v: leaves[0]! } };
}

function projectWith({ generator }: Context, projection: Projection, metric: 'l2' | 'cosine', variable: Variable):
  Projected {
  const rows = tokenTable(encoderScope(generator.store.scope()), generator.description.model.encoder);
  const { classes, corners } = slotFrequencyTensors(vocabulary, generator.frequencies);
  const bias = { classes: reshape(classes, [1, ...classes.shape]), corners: reshape(corners, [1, ...corners.shape]) };
  const temperature = inputTensor('temperature', [Q]);
  return project(projection, variable, temperature, bias, slotTables(rows, vocabulary), rows, metric, vocabulary);
}

function energyOf({ generator, prior }: Context, embeddings: Tensor, weights: SlotChoices): Tensor {
  const size = generator.firstStage.latentSize;
  const rowImage = table(Int32Array.from(pictureOf), [Q], 'i32');
  const image = imageEnergy(generator, inputTensor('z', [I, size]), rowImage, embeddings, {
    timesteps: inputTensor('timesteps', [I, T], 'i32'), noises: inputTensor('noises', [I, T], 'i32'),
  }, table(values('bank', [4, size]), [4, size]));
  return totalEnergy(image, priorEnergy(prior, embeddings, weights), priorWeight);
}

function objectiveOf(context: Context, projection: Projection, metric: 'l2' | 'cosine'): Objective {
  const { variable, leaves } = variableOf(projection, 'v');
  const projected = projectWith(context, projection, metric, variable);
  return { energy: energyOf(context, projected.embeddings, projected.weights), projected, leaves };
}

/**
 * Straight-through by definition: hard values at v0, along which v moves embeddings one to one, and weights as the
 * soft ones move. Its slope at v = v0 is what the gradient has to be.
 */
function surrogateOf(context: Context, projection: Projection, metric: 'l2' | 'cosine'): Tensor {
  const [moving, still] = [variableOf(projection, 'v'), variableOf(projection, 'still')];
  const hard = projectWith(context, projection, metric, still.variable);
  const [soft, softStill] = [projectWith(context, 'soft', metric, moving.variable).weights,
    projectWith(context, 'soft', metric, still.variable).weights];
  const weights = {
    classes: add(hard.weights.classes, sub(soft.classes, softStill.classes)),
    corners: add(hard.weights.corners, sub(soft.corners, softStill.corners)),
  };
  return energyOf(context, add(hard.embeddings, sub(moving.leaves[0]!, still.leaves[0]!)), weights);
}

const norm = (x: Iterable<number>): number => Math.sqrt([...x].reduce((total, value) => total + value * value, 0));
const close = (found: ArrayLike<number>, expected: ArrayLike<number>): number =>
  norm(Array.from(expected, (value, i) => value - found[i]!)) / norm(Array.from(expected));

const cases: readonly (readonly [Projection, 'l2' | 'cosine'])[] = [
  ['logits', 'l2'], ['soft', 'l2'], ['none', 'l2'], ['slot', 'l2'], ['slot', 'cosine'], ['vocabulary', 'l2'],
];

for (const [projection, metric] of cases) {
  test(`${projection} (${metric}): energy, reading and gradient`, async (context) => {
    const { energy, projected, leaves } = objectiveOf(context, projection, metric);
    const gradients = grad(sum(energy), leaves);
    const inputs: Record<string, TypedData> = {
      temperature: Float32Array.of(1, 0.6, 0.3), z: values('z', [I, 128]),
      ...draws,
    };
    leaves.forEach((leaf, i) => { inputs[`v${i}`] = values(`start ${i}`, leaf.shape, scaleOf(projection)); });
    const outputs = {
      energy, classes: projected.hard.classes, corners: projected.hard.corners,
      ...Object.fromEntries(gradients.map((g, i) => [`g${i}`, g])),
    };
    const program = await compile(await testDevice(), { name: `objective ${projection}`, outputs });
    program.run(inputs);
    const names = Object.keys(outputs);
    const found = await Promise.all(names.map((name) => program.read(name)));
    program.destroy();
    const feeds = { ...inputs, ...context.weights };
    const expected = interpret(Object.values(outputs), feeds);
    names.forEach((name, i) => {
      if (name === 'classes' || name === 'corners') assert.equal([...found[i]!], [...expected[i]!], name);
      else assert.ok(close(found[i]!, expected[i]!) < (name === 'energy' ? 1e-5 : 2e-4),
        `${name}: off by ${close(found[i]!, expected[i]!)}`);
    });

    const straight = projection === 'slot' || projection === 'vocabulary';
    const smooth = sum(straight ? surrogateOf(context, projection, metric) : energy);
    if (straight) leaves.forEach((_, i) => { Object.assign(feeds, { [`still${i}`]: inputs[`v${i}`]! }); });
    const analytic = expected.slice(3);
    const size = norm(analytic.flatMap((g) => [...g]));
    assert.ok(size > 1e-3, `the gradient is ${size}`);
    const random = new RandomStream(2, projection);
    const along = (directions: readonly Float64Array[], h: number): number => interpret([smooth], {
      ...feeds, ...Object.fromEntries(directions.map((by, i) =>
        [`v${i}`, Float64Array.from(inputs[`v${i}`]!, (value, k) => value + h * by[k]!)])),
    })[0]![0]!;
    const own = analytic.map((g) => g.map((value) => value / size));
    for (const directions of [own, analytic.map((g) => g.map(() => random.normal()))]) {
      const slope = directions.reduce((total, by, i) => total + by.reduce((a, b, k) => a + b * analytic[i]![k]!, 0), 0);
      const differences = (along(directions, 1e-5) - along(directions, -1e-5)) / 2e-5;
      assert.ok(Math.abs(slope - differences) < 1e-6 * size, `slope ${slope}, by differences ${differences}`);
    }
  });
}

test('the energy is the mean squared error of the prediction, and nats of the layout', (context) => {
  const { generator, prior, weights } = context;
  const { model } = generator.description;
  const ids = Int32Array.of(0, 5, 10, 2, 0, 15, 1, 1, 6, 16, 16, 16, 16, 16, 16, 16, 16, 16);
  const hard = slotTargets(vocabulary, ids);
  const idsInput = inputTensor('ids', [Q, 6], 'i32');
  const energy = energyOf(context, embedTokens(encoderScope(generator.store.scope()), idsInput, model.encoder), {
    classes: oneHot(table(hard.classes, [Q, 2], 'i32'), 4), corners: oneHot(table(hard.corners, [Q, 2, 2], 'i32'), 17),
  });
  const z = values('z', [I, 128]);
  const [found] = interpret([energy], { ...weights, ...draws, ids, z });

  const { alphaBar } = noiseSchedule(model.diffusion.schedule);
  const bank = values('bank', [4, 128]);
  const predicted = generatorOf(generator.store.scope(), inputTensor('x', [1, 2, 8, 8]), inputTensor('t', [1], 'i32'),
    inputTensor('own', [1, 6], 'i32'), model);
  const nats = negativeLogLikelihood(
    priorScores(prior.store.scope(), embedForPrior(prior, inputTensor('ids', [Q, 6], 'i32')), prior.description),
    table(hard.classes, [Q, 2], 'i32'), table(hard.corners, [Q, 2, 2], 'i32'));
  const [ofPrior] = interpret([nats], { ...weights, ids });
  pictureOf.forEach((picture, q) => {
    let total = 0;
    for (let pair = 0; pair < T; pair++) {
      const t = draws.timesteps[picture * T + pair]!;
      const noise = bank.subarray(128 * draws.noises[picture * T + pair]!).subarray(0, 128);
      const x = Float64Array.from(noise, (e, i) =>
        Math.sqrt(alphaBar[t]!) * z[128 * picture + i]! + Math.sqrt(1 - alphaBar[t]!) * e);
      const [e] = interpret([predicted], { ...weights, x, t: [t], own: ids.subarray(6 * q, 6 * q + 6) });
      total += e!.reduce((sum, value, i) => sum + (value - noise[i]!) ** 2, 0) / 128 / T;
    }
    const expected = total + priorWeight * ofPrior![q]!;
    assert.ok(Math.abs(found![q]! - expected) < 1e-6 * expected, `row ${q}: ${found![q]}, by hand ${expected}`);
  });
});

test('barred choices get no weight, and hard readings never take them', (context) => {
  const { variable, leaves } = variableOf('logits', 'v');
  const { generator } = context;
  const rows = tokenTable(encoderScope(generator.store.scope()), generator.description.model.encoder);
  const bias = {
    classes: table(Float32Array.from({ length: 8 }, (_, i) => (i % 4 === 2 ? -1e4 : 0)), [1, 2, 4]),
    corners: table(Float32Array.from({ length: 68 }, (_, i) => (i % 17 === 16 ? 0 : -1e4)), [1, 2, 2, 17]),
  };
  const { weights, hard } = project('logits', variable, inputTensor('temperature', [Q]), bias,
    slotTables(rows, vocabulary), rows, 'l2', vocabulary);
  const feeds = {
    ...context.weights, temperature: [1, 1, 1],
    v0: values('a', leaves[0]!.shape, 5), v1: values('b', leaves[1]!.shape, 5),
  };
  const [classes, corners, hardClasses, hardCorners] = interpret(
    [weights.classes, weights.corners, hard.classes, hard.corners], feeds);
  assert.ok(classes!.every((weight, i) => (i % 4 === 2 ? weight === 0 : weight > 0)));
  assert.ok(corners!.every((weight, i) => weight === (i % 17 === 16 ? 1 : 0)));
  assert.ok(hardClasses!.every((choice) => choice !== 2) && hardCorners!.every((choice) => choice === 16));
});

test.run();
