import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../../engine/compile/compile.ts';
import { interpret } from '../../../engine/interpret.ts';
import {
  add, broadcast, cast, conv2d, inputTensor, linear, matmul, mean, mul, reshape, sigmoid, silu, slice, square,
  stateTensor, sub, sum, tanh, transpose,
} from '../../../engine/ops/index.ts';
import { pack } from '../../../engine/ops/pack.ts';
import { grad } from '../../../engine/grad.ts';
import type { Program } from '../../../engine/program.ts';
import { RandomStream } from '../../../engine/random.ts';
import { State } from '../../../engine/state.ts';
import { sizeOf, type Tensor } from '../../../engine/tensor.ts';
import { relativeError } from '../../support/checkOp.ts';
import { testDevice } from '../../support/gpu.ts';

type Shapes = Readonly<Record<string, readonly number[]>>;
type Build = (x: Readonly<Record<string, Tensor>>) => Record<string, Tensor>;

const labels = (program: Program): string[] => program.calls.map(({ label }) => label);

/** Compiles a graph in each variant and compares what it gives with the definition. */
async function check(name: string, shapes: Shapes, build: Build, epilogues = true, variants = ['subgroup', 'tiled']):
  Promise<Program[]> {
  const random = new RandomStream(3, name);
  const inputs = Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key, inputTensor(key, shape)]));
  const feeds = Object.fromEntries(Object.entries(shapes).map(([key, shape]) =>
    [key, Array.from({ length: sizeOf(shape) }, () => Math.fround(random.uniform(-1, 1)))]));
  const outputs = build(inputs);
  const expected = interpret(Object.values(outputs), feeds);
  const programs: Program[] = [];
  for (const variant of variants) {
    const program = await compile(await testDevice(), { name, outputs, variant, epilogues });
    program.run(Object.fromEntries(Object.entries(feeds).filter(([key]) => program.takes(key))
      .map(([key, values]) => [key, Float32Array.from(values)])));
    for (const [i, output] of Object.keys(outputs).entries()) {
      const error = relativeError(await program.readFloats(output), expected[i]!);
      assert.ok(error < 2e-5, `${name}, ${output}, ${labels(program).join('; ')}: relative error ${error}`);
    }
    programs.push(program);
    program.destroy();
  }
  return programs;
}

/** All of it is one kernel in every variant, or one kernel and the second pass of a sum in parts. */
const fused = (name: string, shapes: Shapes, build: Build): void => test(name, async () => {
  for (const program of await check(name, shapes, build)) {
    assert.not.ok(labels(program).some((label) => /pointwise/.test(label)), labels(program).join('; '));
  }
});

for (const [B, C, H, W, O] of [
  [2, 3, 5, 7, 5], [2, 2, 8, 8, 9], [1, 1, 1, 1, 1], [3, 2, 2, 4, 17],
] as const) {
  fused(`convolution ${[B, C, H, W, O]}: bias, time embedding, activation, scale, residual`,
    { x: [B, C, H, W], w: [O, C, 3, 3], b: [O], t: [B, O], r: [B, O, H, W] }, ({ x, w, b, t, r }) => {
      const h = add(conv2d(x!, w!, b!, { padding: 1 }), broadcast(reshape(t!, [B, O, 1, 1]), [B, O, H, W]));
      return { y: add(mul(silu(h), 0.75), r!) };
    });
  fused(`pixels as a product ${[B, C, H, W, O]}: bias and residual`,
    { x: [B, C, H, W], w: [O, C, 1, 1], b: [O], r: [B, O, H, W] },
    ({ x, w, b, r }) => ({ y: add(r!, conv2d(x!, w!, b!)) }));
}

for (const [L, K, N] of [[3, 5, 8], [7, 4, 5], [1, 1, 1], [13, 1024, 4]] as const) {
  fused(`linear ${[L, K, N]}: bias, activation, residual`,
    { x: [2, L, K], w: [N, K], b: [N], r: [2, L, N] },
    ({ x, w, b, r }) => ({ y: add(tanh(linear(x!, w!, b!)), r!) }));
  fused(`product ${[L, K, N]}: a factor for each batch and row`,
    { x: [2, L, K], w: [2, K, N], f: [2, 1, 1], g: [L, 1] },
    ({ x, w, f, g }) => ({ y: mul(mul(matmul(x!, w!), broadcast(f!, [2, L, N])), broadcast(g!, [2, L, N])) }));
}

fused('product: columns in pairs', { x: [3, 4], w: [4, 10], f: [5, 1] }, ({ x, w, f }) =>
  ({ y: reshape(mul(reshape(matmul(x!, w!), [3, 5, 2]), broadcast(f!, [3, 5, 2])), [3, 10]) }));

fused('input gradient of a strided convolution, then an activation', { g: [2, 3, 4, 5], w: [3, 2, 3, 3] },
  ({ g, w }) => {
    const x = inputTensor('x', [2, 2, 8, 10]);
    return { y: sigmoid(grad(conv2d(x, w!, null, { stride: 2, padding: 1 }), [x], g!)[0]!) };
  });

fused('sums over columns, over rows and in pieces, scaled', { x: [3, 37, 5], y: [4, 129], z: [2, 40000] },
  ({ x, y, z }) => ({ x: mean(x!, [1]), y: mul(sum(y!, [1]), 0.5), z: mean(z!, [1]) }));

test('every way to lay out a product stores through its epilogue', async () => {
  for (const N of [8, 5]) {
    for (const program of await check(`ways ${N}`, { x: [2, 9, 7], w: [2, 7, N], b: [N], r: [2, 9, N] },
      ({ x, w, b, r }) => ({ y: mul(silu(add(matmul(x!, w!), b!)), r!) }), true,
      ['subgroupNarrow', 'subgroupShort', 'subgroupSwapped'])) assert.is(program.calls.length, 1);
  }
});

test('without epilogues every group is a kernel of its own', async () => {
  const shapes = { x: [2, 3, 4, 8], w: [4, 3, 3, 3], b: [4] };
  for (const program of await check('apart', shapes,
    ({ x, w, b }) => ({ y: silu(conv2d(x!, w!, b!, { padding: 1 })) }), false)) {
    assert.is(program.calls.length, 2);
  }
});

test('values that are read elsewhere are stored too', async () => {
  const programs = await check('kept', { x: [2, 3, 4, 8], w: [4, 3, 3, 3], b: [4] }, ({ x, w, b }) => {
    const h = conv2d(x!, w!, b!, { padding: 1 });
    const y = silu(h);
    return { h, y, later: sum(mul(h, 2), [1, 2, 3]), gradient: grad(mean(square(y)), [w!])[0]! };
  });
  for (const program of programs) assert.match(labels(program)[0]!, /^conv2d\w+ \+ add silu/);
});

test('a long chain that runs out of immediates goes on with literals', async () => {
  const programs = await check('literals', { x: [2, 3, 4, 8], w: [4, 3, 3, 3] }, ({ x, w }) => {
    let y = conv2d(x!, w!, null, { padding: 1 });
    for (let i = 1; i <= 9; i++) y = mul(tanh(add(y, i / 16)), 1 + i / 8);
    return { y };
  });
  for (const program of programs) assert.is(program.calls.length, 1);
});

test('what is no longer the output in its order stays apart', async () => {
  const shapes = { x: [6, 5], w: [5, 6], r: [6, 6] };
  for (const [name, build] of Object.entries<Build>({
    'a slice': ({ x, w }) => ({ y: tanh(slice(matmul(x!, w!), 0, 1, 4)) }),
    'transposed': ({ x, w, r }) => ({ y: add(transpose(matmul(x!, w!), [1, 0]), r!) }),
    'a broadcast': ({ x, w }) => ({ y: tanh(broadcast(reshape(matmul(x!, w!), [6, 6, 1]), [6, 6, 2])) }),
    'itself transposed': ({ x, w }) => {
      const y = matmul(x!, w!);
      return { y: add(y, transpose(y, [1, 0])) };
    },
    'an operand whose axes lie across the rows': ({ x, w, r }) => ({
      y: mul(reshape(matmul(x!, w!), [4, 9]), broadcast(slice(reshape(r!, [36]), 0, 0, 9), [4, 9])),
    }),
    'another element type': ({ x, w }) => ({ y: sum(cast(cast(mul(matmul(x!, w!), 3), 'i32'), 'f32'), [0]) }),
    'a reader that comes first': ({ x, w, r }) => {
      const y = matmul(x!, w!);
      return { y: add(y, broadcast(reshape(sum(mul(y, r!), [1]), [6, 1]), [6, 6])) };
    },
  })) {
    for (const program of await check(name, shapes, build)) {
      assert.ok(labels(program).some((label) => /pointwise/.test(label)), `${name}: ${labels(program).join('; ')}`);
    }
  }
});

test('a kernel keeps what it reads itself apart, and two kernels never become one', async () => {
  for (const program of await check('chain', { x: [8, 8], w: [8, 8] }, ({ x, w }) => {
    const a = tanh(x!);
    return { y: add(matmul(a, w!), a) };
  })) assert.is(program.calls.length, 2);
  for (const program of await check('two', { x: [2, 2, 4, 4], w: [3, 2, 3, 3], v: [3, 2, 1, 1] }, ({ x, w, v }) =>
    ({ y: silu(add(conv2d(x!, w!, null, { padding: 1 }), conv2d(x!, v!, null))) }))) {
    assert.is(program.calls.length, 2);
    assert.match(labels(program)[1]!, /\+ add silu/);
  }
});

test('more operands than a kernel may take stay apart', async () => {
  const shapes = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`r${i}`, [8, 8]]));
  for (const program of await check('operands', { x: [8, 8], w: [8, 8], ...shapes }, ({ x, w, ...r }) =>
    ({ y: Object.values(r).reduce((y, other) => add(tanh(y), other), matmul(x!, w!)) }))) {
    assert.is(program.calls.length, 2);
  }
});

test('a state takes its new value from the kernel, unless it is read on the way', async () => {
  const device = await testDevice();
  const start = Float32Array.from({ length: 64 }, (_, i) => i / 64);
  const x = inputTensor('x', [8, 8]);
  const product = matmul(x, x);
  const written = new State('written', { shape: [8, 8], dtype: 'f32' }, start.slice());
  const moved = new State('moved', { shape: [8, 8], dtype: 'f32' }, start.slice());
  const program = await compile(device, {
    name: 'states', outputs: {}, updates: [
      [written, mul(product, 0.5)], [moved, sub(stateTensor(moved), mul(matmul(x, product), 0.25))],
    ],
  });
  assert.is(program.calls.length, 3);
  assert.match(labels(program).at(-1)!, /^pointwise/);
  const values = start.map((v) => 1 - v);
  const [xx, xxx] = interpret([product, matmul(x, product)], { x: Array.from(values) });
  program.run({ x: values });
  assert.ok(relativeError(await device.read(written), xx!.map((v) => 0.5 * v)) < 1e-5);
  assert.ok(relativeError(await device.read(moved), xxx!.map((v, i) => start[i]! - 0.25 * v)) < 1e-5);
  program.destroy();
  device.release([written, moved]);
});

test('parts of a pack are written by the kernels that end with them', async () => {
  for (const program of await check('parts', { x: [5, 7], w: [7, 3], v: [7, 64] }, ({ x, w, v }) => ({
    y: pack([tanh(matmul(x!, w!)), mul(matmul(x!, v!), 2)], [0, 64], 384),
  }))) {
    assert.is(program.calls.length, 2);
    assert.ok(labels(program).every((label) => /\+/.test(label)), labels(program).join('; '));
  }
});

test.run();
