import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { settle } from '../../engine/settle.ts';

const after = <T>(ms: number, value: T): Promise<T> =>
  new Promise((resolve) => { setTimeout(() => resolve(value), ms); });

test('passes values and errors on', async () => {
  assert.is(await settle(after(5, 7)), 7);
  let caught = '';
  try {
    await settle(after(5, 0).then(() => { throw new Error('lost'); }));
  } catch (error) {
    caught = (error as Error).message;
  }
  assert.is(caught, 'lost');
});

test('leaves the processor idle, and other callbacks their turns', async () => {
  let ticks = 0;
  const ticking = setInterval(() => { ticks++; }, 10);
  const [wall, used] = [performance.now(), process.cpuUsage()];
  await settle(after(400, null));
  const spent = process.cpuUsage(used);
  clearInterval(ticking);
  const share = (spent.user + spent.system) / 1000 / (performance.now() - wall);
  assert.ok(share < 0.5, `took ${(100 * share).toFixed(0)} % of a core`);
  assert.ok(ticks >= 5, `only ${ticks} turns for a timer of 10 ms`);
});

test.run();
