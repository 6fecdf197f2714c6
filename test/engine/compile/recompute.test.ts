// Cheap values that are computed twice instead of kept.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../../engine/compile/compile.ts';
import { grad } from '../../../engine/grad.ts';
import { add, conv2d, dropout, groupNorm, inputTensor, layerNorm, linear, mean, reshape, silu, square, sub }
  from '../../../engine/ops/index.ts';
import type { Program } from '../../../engine/program.ts';
import { RandomStream } from '../../../engine/random.ts';
import { sizeOf, type Tensor } from '../../../engine/tensor.ts';
import { testDevice } from '../../support/gpu.ts';

const shapes: Record<string, number[]> = {
  x: [2, 8, 8, 8], scale: [8], rows: [64], ...Object.fromEntries([0, 1, 2, 3, 4].map((i) => [`w${i}`, [8, 8, 3, 3]])),
  v: [64, 64],
};

/** Residual blocks of norms and convolutions, a layer norm and dropout, and gradients by all that is given. */
function blocks(): Record<string, Tensor> {
  const leaves = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, inputTensor(name, shape)]));
  const { x, scale, rows, v } = leaves as Record<'x' | 'scale' | 'rows' | 'v', Tensor>;
  const key = inputTensor('key', [2], 'u32');
  let h = x;
  for (let i = 0; i < 5; i++) {
    h = add(h, conv2d(groupNorm(h, 4, scale, scale, 1e-5, 'silu'), leaves[`w${i}`]!, null, { padding: 1 }));
  }
  const tokens = layerNorm(reshape(h, [16, 64]), rows, rows);
  const y = linear(dropout(silu(linear(tokens, v)), 0.2, key, 'layer'), v);
  const loss = mean(square(sub(y, tokens)));
  const names = Object.keys(shapes);
  const gradients = grad(loss, names.map((name) => leaves[name]!));
  return { loss, ...Object.fromEntries(names.map((name, i) => [`by ${name}`, gradients[i]!])) };
}

test('gradients are the same to the bit, and memory is less', async () => {
  const device = await testDevice();
  const outputs = blocks();
  const kept = await compile(device, { name: 'kept', outputs });
  const again = await compile(device, { name: 'again', outputs, recompute: true });
  const norms = ({ calls }: Program): number => calls.filter(({ label }) => label === 'groupNorm').length;
  assert.is(norms(kept), 5);
  assert.ok(norms(again) > 8, `${norms(again)} norms`);
  assert.ok(again.summary.plannedBytes < 0.85 * kept.summary.plannedBytes,
    `${again.summary.plannedBytes} bytes, ${kept.summary.plannedBytes} where values are kept`);
  const random = new RandomStream(5, 'blocks');
  const feeds = Object.fromEntries(Object.entries(shapes).map(([name, shape]) =>
    [name, Float32Array.from({ length: sizeOf(shape) }, () => random.normal())]));
  for (const program of [kept, again]) program.run({ ...feeds, key: Uint32Array.of(1, 2) });
  for (const name of Object.keys(outputs)) {
    const values = await kept.readFloats(name);
    assert.ok(values.some((value) => value !== 0) && values.every(Number.isFinite), name);
    assert.equal(await again.readFloats(name), values, name);
  }
  kept.destroy();
  again.destroy();
});

test('products are not computed twice, nor anything where nothing is read again', async () => {
  const device = await testDevice();
  const count = ({ calls }: Program, label: RegExp): number => calls.filter((call) => label.test(call.label)).length;
  const outputs = blocks();
  const [kept, again] = [await compile(device, { name: 'kept', outputs }),
    await compile(device, { name: 'again', outputs, recompute: true })];
  for (const product of [/conv2d/, /matmul/, /Stats/]) assert.is(count(again, product), count(kept, product));
  const forward = await compile(device, { name: 'forward', outputs: { loss: outputs['loss']! }, recompute: true });
  assert.is(count(forward, /groupNorm/), 5);
  for (const program of [kept, again, forward]) program.destroy();
});

test.run();
