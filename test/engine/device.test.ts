import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { State } from '../../engine/state.ts';
import { testDevice } from '../support/gpu.ts';

test('a part of a state is overwritten, and only that', async () => {
  const device = await testDevice();
  const state = new State('parts', { shape: [3, 3], dtype: 'f32' });
  device.write(state, Float32Array.from({ length: 9 }, (_, i) => i));
  device.writePart(state, 3, Float32Array.of(-1, -2, -3));
  device.writePart(state, 8, Float32Array.of(7));
  assert.equal([...await device.read(state)], [0, 1, 2, -1, -2, -3, 6, 7, 7]);
  assert.throws(() => device.writePart(state, 8, Float32Array.of(1, 2)),
    /parts: has 9 values, found 2 to write from 8 on/);
  assert.throws(() => device.writePart(state, -1, Float32Array.of(1)), /to write from -1 on/);
  device.release([state]);
});

test.run();
