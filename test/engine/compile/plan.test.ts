// Where values are kept: slots, and packs before their parts are written.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../../engine/compile/compile.ts';
import type { Target } from '../../../engine/compile/emit.ts';
import { planMemory, type Arena, type Value } from '../../../engine/compile/plan.ts';
import { planProgram } from '../../../engine/compile/programPlan.ts';
import { grad } from '../../../engine/grad.ts';
import { conv2d, groupNorm, inputTensor, matmul, mean, square } from '../../../engine/ops/index.ts';
import { pack } from '../../../engine/ops/pack.ts';
import { RandomStream } from '../../../engine/random.ts';
import { sizeOf, type Tensor } from '../../../engine/tensor.ts';
import { testDevice } from '../../support/gpu.ts';

const software: Target = {
  name: 'an adapter', memory: Infinity, choices: null,
  capabilities: {
    software: true, subgroups: true, subgroupSize: 8, largestSubgroup: 8, matrices: [], f16: true,
  workgroupStorage: 32768, workgroupInvocations: 1024,
  },
  limits: { maxStorageBuffersPerShaderStage: 16, maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 30 },
};

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

function randomValues(random: RandomStream): Value[] {
  return Array.from({ length: 60 }, () => {
    const first = random.integer(100);
    const bytes = 16 * (1 + random.integer(1000));
    return { bytes, first, last: first + random.integer(10), movable: random.integer(10) > 0 };
  });
}

test('values that live at the same time never share memory, others do', () => {
  const random = new RandomStream(1, 'plan');
  for (let round = 0; round < 20; round++) {
    const values = randomValues(random);
    const parts = [0, 1, 2, 3, 4, 5].map((i) =>
      ({ start: 6144 * i, end: 6144 * i + 6000 + (i % 2) * 144, first: i === 2 ? 0 : random.integer(110) }));
    const arenas: Arena[] = round % 2 === 0 ? [] : [{ bytes: 6 * 6144, parts }, { bytes: 9000, parts: [] }];
    const { places, sizes, unshared } = planMemory(values, arenas);
    assert.is(unshared, sum(values.map(({ bytes }) => bytes)));
    assert.ok(places.some((place) => 'arena' in place) === arenas.length > 0);
    values.forEach((a, i) => {
      const place = places[i]!;
      if ('slot' in place) {
        assert.ok(sizes[place.slot]! >= a.bytes);
      } else {
        const { arena, offset } = place;
        assert.ok(a.movable);
        assert.ok(offset % 256 === 0 && offset + a.bytes <= arenas[arena]!.bytes);
        for (const { start, end, first } of arenas[arena]!.parts) {
          assert.ok(a.last < first || offset >= end || offset + a.bytes <= start, `${i} is overwritten by a part`);
        }
      }
      values.forEach((b, k) => {
        const other = places[k]!;
        const together = 'slot' in place ? 'slot' in other && place.slot === other.slot
          : 'arena' in other && place.arena === other.arena && place.offset < other.offset + b.bytes
            && other.offset < place.offset + a.bytes;
        if (i < k && together) assert.ok(a.last < b.first || b.last < a.first, `${i} and ${k} share memory`);
      });
    });
    assert.ok(sum(sizes) < 0.7 * unshared);
  }
});

const weightShapes = [[16, 3, 3, 3], ...Array.from({ length: 7 }, () => [16, 16, 3, 3]), [3, 16, 3, 3]];

/** Gradients of some layers by their weights, and a place for each in a flat vector, with gaps between them. */
function layers(): { gradients: Tensor[]; offsets: number[]; length: number } {
  const weights = weightShapes.map((shape, i) => inputTensor(`w${i}`, shape));
  const scale = inputTensor('scale', [16]);
  let h = inputTensor('x', [2, 3, 5, 5]);
  weights.forEach((weight, i) => {
    h = conv2d(h, weight, null, { padding: 1 });
    // A kernel that reads one value twice must find it where it writes nothing.
    if (i === 1 || i === 4) h = matmul(h, h);
    if (i > 0 && i < 8) h = groupNorm(h, 4, scale, scale, 1e-5, 'silu');
  });
  const gradients = grad(mean(square(h)), [...weights, scale]);
  let length = 0;
  const offsets = gradients.map(({ size }) => {
    const at = length;
    length = Math.ceil((length + size) / 64) * 64 + 64;
    return at;
  });
  return { gradients, offsets, length };
}

test('a dispatch never binds a buffer for reading alone that it writes, nor writes what it binds elsewhere', () => {
  const { gradients, offsets, length } = layers();
  const plan = planProgram(software, { name: 'packed', outputs: { flat: pack(gradients, offsets, length) } });
  let shared = 0;
  for (const { call, memory } of plan.dispatches) {
    const ways = [...call.source.matchAll(/var<storage, (read_write|read)>/g)];
    const written = ways.map(([, way]) => way === 'read_write');
    const ranges = memory.map(({ key, offset, bytes }) => {
      const place = plan.places.get('scratch' in key ? key.scratch : key);
      const home = 'scratch' in key ? undefined : plan.home.get(key);
      if (place && 'arena' in place) return { buffer: plan.packs[place.arena], start: place.offset + offset, bytes };
      return { buffer: place ? place.slot : home?.node ?? key, start: offset, bytes };
    });
    ranges.forEach((a, i) => ranges.forEach((b, k) => {
      if (i === k || a.buffer !== b.buffer || !written[i]) return;
      shared++;
      assert.ok(written[k], `${call.label} binds one buffer in two ways`);
      assert.ok(a.start + a.bytes <= b.start || b.start + b.bytes <= a.start, `${call.label} binds a range twice`);
    }));
  }
  assert.ok(shared > 4);
});

test('activations die where gradients are born, and these are the same to the bit, run after run', async () => {
  const device = await testDevice();
  const { gradients, offsets, length } = layers();
  const outputs = Object.fromEntries(gradients.map((g, i) => [`g${i}`, g]));
  const packed = { name: 'packed', outputs: { flat: pack(gradients, offsets, length) } };
  const { places } = planProgram(device, packed);
  assert.ok([...places.values()].filter((place) => 'arena' in place).length > 3);
  const apart = await compile(device, { name: 'apart', outputs });
  const together = await compile(device, packed);
  const random = new RandomStream(3, 'layers');
  for (let run = 0; run < 2; run++) {
    const shapes = {
      x: [2, 3, 5, 5], scale: [16], ...Object.fromEntries(weightShapes.map((shape, i) => [`w${i}`, shape])),
    };
    const feeds = Object.fromEntries(Object.entries(shapes).map(([name, shape]) =>
      [name, Float32Array.from({ length: sizeOf(shape) }, () => random.normal())]));
    apart.run(feeds);
    together.run(feeds);
    const flat = await together.readFloats('flat');
    const expected = new Float32Array(length);
    for (const [i, offset] of offsets.entries()) expected.set(await apart.readFloats(`g${i}`), offset);
    assert.equal(flat, expected, 'gaps are zero, parts are the gradients');
  }
  apart.destroy();
  together.destroy();
});

test.run();
