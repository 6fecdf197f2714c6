/** ONNX Resize and Upsample in engine ops: enlargement by blocks, rows by number, or interpolation by a matrix. */
import { matmul } from '../../engine/ops/matmul.ts';
import { table } from '../../engine/ops/index.ts';
import { upsample2d } from '../../engine/ops/upsample2d.ts';
import type { Tensor } from '../../engine/tensor.ts';
import { Unsupported, type Call, type Rule } from './onnxCall.ts';
import { integers, moveAxis, positive, range, take } from './onnxOps.ts';

/** From n to m places, by a scale that need not be m / n. */
interface Axis {
  readonly n: number;
  readonly m: number;
  readonly scale: number;
}

/** Where place i of the result lies in the input, as `coordinate_transformation_mode` says. */
function coordinate(mode: string, i: number, { n, m, scale }: Axis): number {
  const half = (i + 0.5) / scale - 0.5;
  if (mode === 'half_pixel') return half;
  if (mode === 'pytorch_half_pixel') return m > 1 ? half : 0;
  if (mode === 'half_pixel_symmetric') return half + (n / 2) * (1 - m / (scale * n));
  // The last place of a result of length scale * n, whole or not, meets the last one of the input.
  if (mode === 'align_corners') return m === 1 ? 0 : (i * (n - 1)) / (scale * n - 1);
  if (mode === 'asymmetric') return i / scale;
  throw new Unsupported(`coordinates ${mode}`);
}

function roundAs(mode: string, x: number): number {
  if (mode === 'round_prefer_floor') return Math.ceil(x - 0.5);
  if (mode === 'round_prefer_ceil') return Math.floor(x + 0.5);
  return mode === 'floor' ? Math.floor(x) : Math.ceil(x);
}

const within = (at: number, n: number): number => Math.min(Math.max(at, 0), n - 1);

function nearest(x: Tensor, axes: readonly Axis[], coordinates: string, rounding: string): Tensor {
  const ids = axes.map((axis) =>
    range(axis.m).map((i) => within(roundAs(rounding, coordinate(coordinates, i, axis)), axis.n)));
  const factor = axes.at(-1)!.m / axes.at(-1)!.n;
  const blocks = x.rank === 4 && Number.isInteger(factor)
    && axes.every(({ n, m }, axis) => m === (axis < 2 ? n : n * factor))
    && ids.every((list, axis) => list.every((id, i) => id === (axis < 2 ? i : Math.floor(i / factor))));
  if (blocks) return upsample2d(x, factor);
  return ids.reduce((y, list, axis) => (list.every((id, i) => id === i) && list.length === y.shape[axis]
    ? y : take(y, axis, integers(list))), x);
}

function linear(x: Tensor, axes: readonly Axis[], coordinates: string): Tensor {
  return axes.reduce((y, axis, at) => {
    if (axis.m === axis.n && axis.scale === 1) return y;
    const weights = new Float32Array(axis.n * axis.m);
    for (let i = 0; i < axis.m; i++) {
      const place = coordinate(coordinates, i, axis);
      const part = place - Math.floor(place);
      weights[within(Math.floor(place), axis.n) * axis.m + i]! += 1 - part;
      weights[within(Math.floor(place) + 1, axis.n) * axis.m + i]! += part;
    }
    return moveAxis(matmul(moveAxis(y, at, y.rank - 1), table(weights, [axis.n, axis.m])), y.rank - 1, at);
  }, x);
}

function resizeAxes(c: Call, x: Tensor, scales: number[] | undefined, sizes: number[] | undefined): Axis[] {
  const named = (c.list('axes') ?? range(x.rank)).map((axis) => positive(axis, x.rank));
  const policy = c.text('keep_aspect_ratio_policy', 'stretch');
  const wanted = sizes?.map((size, i) => size / x.shape[named[i]!]!) ?? scales!;
  const kept = policy === 'not_larger' ? Math.min(...wanted) : policy === 'not_smaller' ? Math.max(...wanted) : null;
  return x.shape.map((n, axis) => {
    const i = named.indexOf(axis);
    if (i < 0) return { n, m: n, scale: 1 };
    const scale = kept ?? wanted[i]!;
    return { n, m: kept !== null ? Math.floor(n * kept + 0.5) : sizes?.[i] ?? Math.floor(n * scale), scale };
  });
}

const resize: Rule = (c) => {
  const x = c.x(0);
  const some = (values: number[] | undefined): number[] | undefined => (values?.length ? values : undefined);
  const axes = resizeAxes(c, x, some(c.literal(2)), some(c.literal(3)));
  const coordinates = c.text('coordinate_transformation_mode', 'half_pixel');
  const mode = c.text('mode', 'nearest');
  if (c.number('antialias', 0) === 1) throw new Unsupported('antialias');
  if (mode === 'linear') return linear(x, axes, coordinates);
  if (mode !== 'nearest') throw new Unsupported(`mode ${mode}`);
  return nearest(x, axes, coordinates, c.text('nearest_mode', 'round_prefer_floor'));
};

const upsample: Rule = (c) => {
  const x = c.x(0);
  if (c.text('mode', 'nearest') !== 'nearest') throw new Unsupported('mode linear');
  const scales = c.listOrOperand('scales', 1)!;
  const axes = x.shape.map((n, i) => ({ n, m: Math.floor(n * scales[i]!), scale: scales[i]! }));
  return nearest(x, axes, 'asymmetric', 'floor');
};

export const resizeRules: Readonly<Record<string, Rule>> = { Resize: resize, Upsample: upsample };
