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
import { add, inputTensor, mul, oneHot, reshape, sub, sum, table } from '../../engine/ops/index.ts';
import { RandomStream } from '../../engine/random.ts';
import { sizeOf, type Tensor, type TypedData } from '../../engine/tensor.ts';
import { priorNoiseBank } from '../../invert/bank.ts';
import type { PriorTarget, Projection } from '../../invert/config.ts';
import { imageEnergy, imageErrors, priorEnergy, totalEnergy } from '../../invert/objective.ts';
import { priorTargets, project, targetOf, variableShapes, type Projected, type Variable }
  from '../../invert/projection.ts';
import { noiseSchedule } from '../../models/diffusion.ts';
import { negativeLogLikelihood, slotTargets } from '../../models/prior/autoregressive.ts';
import { diffusionPrior } from '../../models/prior/diffusion.ts';
import { slotFrequencyTensors, slotTables, type SlotChoices } from '../../models/softTokens.ts';
import { encoderScope, generator as generatorOf } from '../../models/unet/generator.ts';
import { embedTokens, tokenTable } from '../../models/unet/layoutEncoder.ts';
import { openGenerator, type Generator } from '../../pipeline/generator.ts';
import { embedForPrior, openAutoregressivePrior, openPrior, priorScores, type AutoregressivePrior, type DiffusionPrior,
  tokenTableName, type Prior, type PriorKind } from '../../pipeline/prior.ts';
import { testDevice } from '../support/gpu.ts';
import { microVocabulary as vocabulary, writeMicroRuns } from '../support/microRuns.ts';

interface Context {
  generator: Generator;
  autoregressive: AutoregressivePrior;
  diffusion: DiffusionPrior;
  /** Parameters of the generator and the prior of a kind by the names of their states, for `interpret`. */
  state: Record<PriorKind, Record<string, TypedData>>;
}

const test = suite<Context>('invert/projection');

test.before(async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'projection-'));
  await writeMicroRuns(dir);
  context.generator = await openGenerator(await testDevice(), join(dir, 'generator'));
  context.autoregressive = openAutoregressivePrior(join(dir, 'prior'));
  context.diffusion = openPrior(join(dir, 'diffusion-prior')) as DiffusionPrior;
  // Copied: the device takes the initial values when a program is compiled.
  const stateOf = (prior: Prior): Record<string, TypedData> => Object.fromEntries([context.generator, prior]
    .flatMap(({ store }) => store.groups.map(({ state }) => [state.name, state.initial!.slice()])));
  context.state = { autoregressive: stateOf(context.autoregressive), diffusion: stateOf(context.diffusion) };
  rmSync(dir, { recursive: true });
});

// Two pictures, three layouts, two pairs each, and three of the prior.
const [I, Q, T, P] = [2, 3, 2, 3];
const pictureOf = [0, 1, 1];
const draws = {
  timesteps: Int32Array.of(3, 11, 7, 18), noises: Int32Array.of(0, 3, 1, 2),
  priorTimesteps: Int32Array.of(2, 9, 17, 0, 12, 19), priorNoises: Int32Array.of(5, 0, 255, 7, 5, 31),
};
/** Large enough for the term to be as steep as that of the picture. */
const weights = { autoregressive: 0.05, diffusion: 3 };
const seed = 4;

const values = (name: string, shape: readonly number[], scale = 1): Float32Array => {
  const random = new RandomStream(9, name);
  return Float32Array.from({ length: sizeOf(shape) }, () => scale * random.normal());
};

interface Objective {
  readonly image: Tensor;
  readonly prior: Tensor;
  readonly total: Tensor;
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

/** Energies of the picture, of the prior, and of both [Q] each. */
function energiesOf(context: Context, kind: PriorKind, embeddings: Tensor, targets: SlotChoices):
  Record<'image' | 'prior' | 'total', Tensor> {
  const { generator } = context;
  const size = generator.firstStage.latentSize;
  const rowImage = table(Int32Array.from(pictureOf), [Q], 'i32');
  const image = imageEnergy(imageErrors(generator, inputTensor('z', [I, size]), rowImage, embeddings, {
    timesteps: inputTensor('timesteps', [I, T], 'i32'), noises: inputTensor('noises', [I, T], 'i32'),
  }, table(values('bank', [4, size]), [4, size])));
  const prior = priorEnergy(context[kind], { embeddings, targets }, rowImage, {
    timesteps: inputTensor('priorTimesteps', [I, P], 'i32'), noises: inputTensor('priorNoises', [I, P], 'i32'),
  }, seed);
  return { image, prior, total: totalEnergy(image, prior, weights[kind]) };
}

interface Case {
  readonly kind: PriorKind;
  readonly projection: Projection;
  readonly metric: 'l2' | 'cosine';
  readonly priorTarget?: PriorTarget;
}

function objectiveOf(context: Context, { kind, projection, metric, priorTarget }: Case): Objective {
  const { variable, leaves } = variableOf(projection, 'v');
  const projected = projectWith(context, projection, metric, variable);
  const targets = priorTargets(projected, targetOf({ projection, ...(priorTarget && { priorTarget }) }));
  return { ...energiesOf(context, kind, projected.embeddings, targets), projected, leaves };
}

/**
 * Straight-through by definition: hard values at v0, along which v moves embeddings one to one where the projection is
 * straight-through, and targets as the soft weights move. Its slope at v = v0 is what the gradient has to be.
 */
function surrogateOf(context: Context, { kind, projection, metric, priorTarget }: Case): Tensor {
  const straight = projection === 'slot' || projection === 'vocabulary';
  const [moving, still] = [variableOf(projection, 'v'), variableOf(projection, 'still')];
  const [now, before] = [moving, still].map(({ variable }) => projectWith(context, projection, metric, variable)) as
    [Projected, Projected];
  const hard = priorTargets(before, 'hard');
  const targets = targetOf({ projection, ...(priorTarget && { priorTarget }) }) === 'soft' ? now.weights : {
    classes: add(hard.classes, sub(now.weights.classes, before.weights.classes)),
    corners: add(hard.corners, sub(now.weights.corners, before.weights.corners)),
  };
  const embeddings = straight ? add(before.embeddings, sub(moving.leaves[0]!, still.leaves[0]!)) : now.embeddings;
  return energiesOf(context, kind, embeddings, targets).total;
}

const norm = (x: Iterable<number>): number => Math.sqrt([...x].reduce((total, value) => total + value * value, 0));
const close = (found: ArrayLike<number>, expected: ArrayLike<number>): number =>
  norm(Array.from(expected, (value, i) => value - found[i]!)) / norm(Array.from(expected));

const cases: readonly Case[] = [
  ...(['autoregressive', 'diffusion'] as const).flatMap((kind): Case[] => [
    { kind, projection: 'logits', metric: 'l2' }, { kind, projection: 'soft', metric: 'l2' },
    { kind, projection: 'none', metric: 'l2' }, { kind, projection: 'slot', metric: 'l2' },
    { kind, projection: 'vocabulary', metric: 'l2' },
  ]),
  { kind: 'autoregressive', projection: 'slot', metric: 'cosine' },
  { kind: 'autoregressive', projection: 'logits', metric: 'l2', priorTarget: 'hard' },
  { kind: 'autoregressive', projection: 'slot', metric: 'l2', priorTarget: 'soft' },
];

for (const own of cases) {
  const { kind, projection, metric, priorTarget } = own;
  const name = `${kind}, ${projection} (${metric})${priorTarget ? `, ${priorTarget} target` : ''}`;
  test(`${name}: energy, reading and gradient`, async (context) => {
    const { prior, total, projected, leaves } = objectiveOf(context, own);
    const gradients = grad(sum(total), leaves);
    const ofPrior = grad(sum(mul(prior, weights[kind])), leaves);
    const inputs: Record<string, TypedData> = {
      temperature: Float32Array.of(1, 0.6, 0.3), z: values('z', [I, 128]),
      ...draws,
    };
    leaves.forEach((leaf, i) => { inputs[`v${i}`] = values(`start ${i}`, leaf.shape, scaleOf(projection)); });
    const outputs = {
      total, classes: projected.hard.classes, corners: projected.hard.corners,
      ...Object.fromEntries(gradients.map((g, i) => [`g${i}`, g])),
    };
    const program = await compile(await testDevice(), { name: `objective of ${name}`, outputs });
    program.run(Object.fromEntries(Object.entries(inputs).filter(([name]) => program.takes(name))));
    const names = Object.keys(outputs);
    const found = await Promise.all(names.map((name) => program.read(name)));
    program.destroy();
    const feeds = { ...inputs, ...context.state[kind] };
    const expected = interpret(Object.values(outputs), feeds);
    names.forEach((name, i) => {
      if (name === 'classes' || name === 'corners') assert.equal([...found[i]!], [...expected[i]!], name);
      else assert.ok(close(found[i]!, expected[i]!) < (name === 'total' ? 1e-5 : 2e-4),
        `${name}: off by ${close(found[i]!, expected[i]!)}`);
    });

    const smooth = sum(surrogateOf(context, own));
    leaves.forEach((_, i) => { Object.assign(feeds, { [`still${i}`]: inputs[`v${i}`]! }); });
    const analytic = expected.slice(3);
    const size = norm(analytic.flatMap((g) => [...g]));
    // Neither term is so steep that an error in the other would be lost beside it.
    const priorPart = interpret(ofPrior, feeds);
    const imagePart = analytic.map((g, i) => g.map((value, k) => value - priorPart[i]![k]!));
    for (const part of [priorPart, imagePart]) {
      const share = norm(part.flatMap((g) => [...g])) / size;
      assert.ok(share > 0.02, `the gradient of a term is ${share} of the whole`);
    }
    const random = new RandomStream(2, name);
    const along = (directions: readonly Float64Array[], h: number): number => interpret([smooth], {
      ...feeds, ...Object.fromEntries(directions.map((by, i) =>
        [`v${i}`, Float64Array.from(inputs[`v${i}`]!, (value, k) => value + h * by[k]!)])),
    })[0]![0]!;
    const steepest = analytic.map((g) => g.map((value) => value / size));
    for (const directions of [steepest, analytic.map((g) => g.map(() => random.normal()))]) {
      const slope = directions.reduce((total, by, i) => total + by.reduce((a, b, k) => a + b * analytic[i]![k]!, 0), 0);
      const differences = (along(directions, 1e-5) - along(directions, -1e-5)) / 2e-5;
      assert.ok(Math.abs(slope - differences) < 1e-6 * size, `slope ${slope}, by differences ${differences}`);
    }
  });
}

const hardIds = Int32Array.of(0, 5, 10, 2, 0, 15, 1, 1, 6, 16, 16, 16, 16, 16, 16, 16, 16, 16);

/** Energies of the layouts `hardIds`. */
function hardEnergies(context: Context, kind: PriorKind,
  z: Float32Array): Record<'image' | 'prior' | 'total', Float64Array> {
  const { model } = context.generator.description;
  const { classes, corners } = slotTargets(vocabulary, hardIds);
  const { image, prior, total } = energiesOf(context, kind,
    embedTokens(encoderScope(context.generator.store.scope()), inputTensor('ids', [Q, 6], 'i32'), model.encoder), {
      classes: oneHot(table(classes, [Q, 2], 'i32'), 4), corners: oneHot(table(corners, [Q, 2, 2], 'i32'), 17),
    });
  const found = interpret([image, prior, total], { ...context.state[kind], ...draws, ids: hardIds, z });
  return { image: found[0]!, prior: found[1]!, total: found[2]! };
}

const near = (found: number, expected: number, what: string): void =>
  assert.ok(Math.abs(found - expected) < 1e-6 * expected, `${what}: ${found}, by hand ${expected}`);

/** x_t by hand. */
const noised = (alphaBar: Float64Array, t: number, x: Float64Array | Float32Array, noise: Float32Array): Float64Array =>
  Float64Array.from(x, (value, i) => Math.sqrt(alphaBar[t]!) * value + Math.sqrt(1 - alphaBar[t]!) * noise[i]!);

const meanSquare = (a: Float64Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length;

test('the energy of a picture is the mean squared error of the prediction', (context) => {
  const { generator, state: { autoregressive: state } } = context;
  const { model } = generator.description;
  const z = values('z', [I, 128]);
  const { image } = hardEnergies(context, 'autoregressive', z);
  const { alphaBar } = noiseSchedule(model.diffusion.schedule);
  const bank = values('bank', [4, 128]);
  const predicted = generatorOf(generator.store.scope(), inputTensor('x', [1, 2, 8, 8]), inputTensor('t', [1], 'i32'),
    inputTensor('own', [1, 6], 'i32'), model);
  pictureOf.forEach((picture, q) => {
    let total = 0;
    for (let pair = 0; pair < T; pair++) {
      const t = draws.timesteps[picture * T + pair]!;
      const noise = bank.subarray(128 * draws.noises[picture * T + pair]!).subarray(0, 128);
      const x = noised(alphaBar, t, z.subarray(128 * picture, 128 * picture + 128), noise);
      const [e] = interpret([predicted], { ...state, x, t: [t], own: hardIds.subarray(6 * q, 6 * q + 6) });
      total += meanSquare(e!, noise) / T;
    }
    near(image[q]!, total, `row ${q}`);
  });
});

test('autoregressive: the energy is the nats of the layout, and has its weight', (context) => {
  const { autoregressive: { store, description }, state: { autoregressive: state } } = context;
  const { image, prior, total } = hardEnergies(context, 'autoregressive', values('z', [I, 128]));
  const { classes, corners } = slotTargets(vocabulary, hardIds);
  const ids = inputTensor('ids', [Q, 6], 'i32');
  const targets = { classes: table(classes, [Q, 2], 'i32'), corners: table(corners, [Q, 2, 2], 'i32') };
  const scores = priorScores(store.scope(), embedForPrior(context.autoregressive, ids), targets, description);
  const nats = negativeLogLikelihood(scores, targets.classes, targets.corners);
  const [expected] = interpret([nats], { ...state, ids: hardIds });
  expected!.forEach((value, q) => {
    near(prior[q]!, value, `row ${q}`);
    near(total[q]!, image[q]! + 0.05 * value, `row ${q}, with the picture`);
  });
});

test('diffusion: the energy is the mean squared error of noise in standardised rows, and has its weight', (context) => {
  const { diffusion, state: { diffusion: state } } = context;
  const { model, statistics: { mean, std } } = diffusion.description;
  const { image, prior, total } = hardEnergies(context, 'diffusion', values('z', [I, 128]));
  const rows = diffusion.run.frozen.get(tokenTableName)!.data;
  const { alphaBar } = noiseSchedule(model.schedule);
  const bank = priorNoiseBank(diffusion, seed);
  const predicted = diffusionPrior(diffusion.store.scope(), inputTensor('x', [1, 6, 8]),
    inputTensor('t', [1], 'i32'), model);
  pictureOf.forEach((picture, q) => {
    const own = Float64Array.from({ length: 48 }, (_, i) =>
      (rows[8 * hardIds[6 * q + Math.floor(i / 8)]! + i % 8]! - mean) / std);
    let expected = 0;
    for (let pair = 0; pair < P; pair++) {
      const t = draws.priorTimesteps[picture * P + pair]!;
      const noise = bank.subarray(48 * draws.priorNoises[picture * P + pair]!).subarray(0, 48);
      const [e] = interpret([predicted], { ...state, x: noised(alphaBar, t, own, noise), t: [t] });
      expected += meanSquare(e!, noise) / P;
    }
    near(prior[q]!, expected, `row ${q}`);
    near(total[q]!, image[q]! + 3 * expected, `row ${q}, with the picture`);
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
    ...context.state.diffusion, temperature: [1, 1, 1],
    v0: values('a', leaves[0]!.shape, 5), v1: values('b', leaves[1]!.shape, 5),
  };
  const [classes, corners, hardClasses, hardCorners] = interpret(
    [weights.classes, weights.corners, hard.classes, hard.corners], feeds);
  assert.ok(classes!.every((weight, i) => (i % 4 === 2 ? weight === 0 : weight > 0)));
  assert.ok(corners!.every((weight, i) => weight === (i % 17 === 16 ? 1 : 0)));
  assert.ok(hardClasses!.every((choice) => choice !== 2) && hardCorners!.every((choice) => choice === 16));
});

test.run();
