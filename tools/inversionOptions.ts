/** Options of commands that invert, and the configuration they make. */
import type { Command } from 'commander';
import { UserError } from '../engine/errors.ts';
import { trainedSteps } from '../invert/bank.ts';
import { inversionPresets, type DrawKind, type Init, type InversionConfig, type Method,
  type PriorTarget, type Projection, type ScoreKind } from '../invert/config.ts';
import type { ErrorKind } from '../invert/errorMeasure.ts';
import type { Generator } from '../pipeline/generator.ts';
import { openPrior, tokenTableName, type Prior } from '../pipeline/prior.ts';
import { integer, oneOf, positiveInteger, range, real } from './cli.ts';

/** What the command line may say of an inversion. */
export interface InversionOptions {
  readonly preset: keyof typeof inversionPresets;
  readonly method?: Method;
  readonly passes?: number;
  readonly steps?: number;
  readonly annealSteps?: number;
  readonly batchTimesteps?: number;
  readonly timesteps?: readonly [number, number];
  readonly draws?: DrawKind;
  readonly error?: ErrorKind;
  readonly lr?: number;
  readonly priorWeight?: number;
  readonly priorTarget?: PriorTarget;
  readonly priorPairs?: number;
  readonly priorTimesteps?: readonly [number, number];
  readonly projection?: Projection;
  readonly metric?: 'l2' | 'cosine';
  readonly init?: Init;
  readonly restarts?: number;
  readonly imagesAtOnce?: number;
  readonly patience?: number;
  readonly monitor?: boolean;
  readonly monitorEvery?: number;
  readonly monitorPairs?: number;
  readonly screenPairs?: number;
  readonly localRounds?: number;
  readonly proposals?: number;
  readonly sweep?: number;
  readonly finePairs?: number;
  readonly fineTimesteps?: readonly [number, number];
  readonly finePriorWeight?: number;
  readonly duplicateIou?: number;
  readonly score?: ScoreKind;
  readonly seed: number;
}

/** Adds the options of an inversion to a command. */
export function withInversion(target: Command): Command {
  return target
    .option('--preset <search|dive>', 'settings to start from: ours, or the paper\'s', oneOf('search', 'dive'),
      'search')
    .option('--method <kind>', 'gradient (the paper\'s), or a baseline over tokens by energies alone: greedy or random',
      oneOf('gradient', 'greedy', 'random'))
    .option('--passes <number>',
      'network passes that greedy and random may use; 0: as many as the gradient could with these options', integer)
    .option('--steps <number>', 'most optimiser steps', positiveInteger)
    .option('--anneal-steps <number>',
      'steps in which learning rate and temperature fall (open in the paper)', positiveInteger)
    .option('--batch-timesteps <number>', '(timestep, noise) pairs a step (open in the paper)', positiveInteger)
    .option('--timesteps <low,high>', 'range of timesteps (default: within the trained range, '
      + 'for search the noisier half of it: 450 to 950 thousandths)', range)
    .option('--draws <kind>', 'how a step\'s pairs are drawn: stratified over the range, uniform, or a fixed bank in '
      + 'a new order each turn, as published for classification (open in the paper)',
    oneOf('stratified', 'uniform', 'bank'))
    .option('--error <kind>', 'what a step measures a generator in that predicts z or v: its prediction, or the noise '
      + '(the paper\'s), where less noise counts more', oneOf('prediction', 'noise'))
    .option('--lr <number>', 'learning rate (open in the paper)', real)
    .option('--prior-weight <number>', 'weight of the prior beside the mean error per element: per nat of an '
      + 'autoregressive prior, per mean squared error of a diffusion prior (open in the paper)', real)
    .option('--prior-target <soft|hard>', 'what an autoregressive prior is to predict: weights over choices, or the '
      + 'hardest reading (default: hard where the projection is straight-through)', oneOf('soft', 'hard'))
    .option('--prior-pairs <number>', '(timestep, noise) pairs a step of a diffusion prior (open in the paper)',
      positiveInteger)
    .option('--prior-timesteps <low,high>',
      'thousandths of a diffusion prior\'s schedule drawn from (open in the paper)', range)
    .option('--projection <kind>', 'logits, soft, slot (the paper\'s), vocabulary or none',
      oneOf('logits', 'soft', 'slot', 'vocabulary', 'none'))
    .option('--metric <l2|cosine>', 'distance for nearest rows', oneOf('l2', 'cosine'))
    .option('--init <kind>', 'start of the search: gaussian, every slot at none, or samples of the prior '
      + '(open in the paper)', oneOf('gaussian', 'none', 'prior'))
    .option('--restarts <number>', 'searches per picture; the best is kept', positiveInteger)
    .option('--images-at-once <number>', 'pictures in one program', positiveInteger)
    .option('--patience <number>', 'monitor evaluations without a new minimum before a picture is done; '
      + '0: to the limit (open in the paper)', integer)
    .option('--no-monitor', 'judge only the layout of the last step')
    .option('--monitor-every <number>', 'steps between evaluations of the monitor (open in the paper)', positiveInteger)
    .option('--monitor-pairs <number>', 'fixed pairs that the monitor averages over (open in the paper)',
      positiveInteger)
    .option('--screen-pairs <number>', 'of those, pairs that a move is looked at with first', positiveInteger)
    .option('--local-rounds <number>', 'most rounds of moves after the search: shift, resize, change class, drop, and '
      + 'objects of other restarts or where the picture is least explained', integer)
    .option('--proposals <number>', 'boxes that a round looks for objects in, where the picture is least explained; '
      + '0: none, and no object shrinks or is cut by the errors of its places', integer)
    .option('--sweep <number>', 'objects looked at closer, the best of those tried all over the picture before '
      + 'moves; 0: none are tried', integer)
    .option('--fine-pairs <number>', 'fixed pairs of a last look through less noise, for small objects: --sweep, '
      + 'its moves and all scores by the error in the noise; 0: none', integer)
    .option('--fine-timesteps <low,high>', 'their range (default: within the trained range up to 800 thousandths)',
      range)
    .option('--fine-prior-weight <number>', 'weight of the prior beside them', real)
    .option('--duplicate-iou <number>',
      'IoU above which two objects of one class count as one; 1 keeps both (open in the paper)', real)
    .option('--score <kind>', 'likelihood: rise of the energy when the object is left out; margin: also when it is '
      + 'given another class; local: rise of the error around it alone; agreement: share of restarts that have it '
      + '(open in the paper)', oneOf('likelihood', 'margin', 'local', 'agreement'));
}

/** Options that are fields of the configuration as they are. */
const plain = ['method', 'passes', 'steps', 'batchTimesteps', 'draws', 'error', 'lr', 'priorTarget',
  'priorPairs', 'priorTimesteps', 'projection', 'metric', 'init', 'imagesAtOnce', 'patience', 'monitorEvery',
  'monitorPairs', 'screenPairs', 'localRounds', 'proposals', 'sweep', 'finePairs',
  'finePriorWeight', 'duplicateIou', 'score'] as const;

/** Beyond so many object slots one restart per count costs more than it finds. */
const mostStratified = 4;

/** The preset with the options in it. */
export function inversionConfig(options: InversionOptions, generator: Generator): InversionConfig {
  const preset = inversionPresets[options.preset];
  const { maxObjects } = generator.vocabulary;
  // Starts drawn from the prior have counts of their own.
  const stratify = preset.stratifyCounts && maxObjects <= mostStratified && options.init !== 'prior';
  const restarts = options.restarts ?? (stratify ? Math.max(preset.restarts, maxObjects) : preset.restarts);
  const given = Object.fromEntries(plain.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]));
  const { priorWeight } = options;
  const config: InversionConfig = {
    ...preset, ...given, restarts, seed: options.seed,
    timesteps: timestepsOf(options.timesteps, preset.timesteps, generator),
    fineTimesteps: timestepsOf(options.fineTimesteps, preset.fineTimesteps, generator),
    ...(priorWeight !== undefined && { priorWeight: { autoregressive: priorWeight, diffusion: priorWeight } }),
  };
  const annealSteps = options.annealSteps ?? Math.min(preset.annealSteps, config.steps);
  const unmonitored = options.monitor === false ? { monitorEvery: config.steps, patience: 0 } : {};
  return { ...config, annealSteps, ...unmonitored, stratifyCounts: stratify && restarts >= maxObjects };
}

function timestepsOf(given: readonly [number, number] | undefined, preset: readonly [number, number],
  generator: Generator): readonly [number, number] {
  if (given !== undefined) return given;
  // Presets count in thousandths of the schedule.
  const [low, high] = preset.map((t) => Math.round((t * trainedSteps(generator)) / 1000)) as [number, number];
  // The noisier half of what was trained: where noise is weak every layout explains the picture.
  const trained = generator.description.timesteps;
  return [Math.max(trained[0], low), Math.min(trained[1], high)];
}

/** The prior of the options, checked to read the generator's own token table. */
export function priorOf(options: { readonly prior?: string | false; readonly generator: string },
  generator: Generator): Prior | null {
  if (!options.prior) return null;
  const prior = openPrior(options.prior);
  const own = generator.run.weights.get(tokenTableName)!.data;
  const read = prior.run.frozen.get(tokenTableName)!.data;
  if (own.length !== read.length || own.some((value, i) => value !== read[i])) {
    throw new UserError(`--prior ${options.prior}: was trained on another token table than that of `
      + `${options.generator}; train it with --generator set to this run`);
  }
  return prior;
}
