import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { batchIndices, BatchPrefetcher, itemStream } from '../../data/batches.ts';

const steps = (count: number, batch: number, from: number, to: number, seed: number): number[] =>
  Array.from({ length: to - from }, (_, i) => batchIndices(count, batch, from + i, seed)).flat();

test('every epoch is a permutation, also where batches straddle epochs', () => {
  for (const [count, batch] of [[10, 5], [10, 4], [7, 3], [3, 8], [1, 2]]) {
    const items = steps(count, batch, 0, 40, 5);
    for (let epoch = 0; (epoch + 1) * count <= items.length; epoch++) {
      const sorted = items.slice(epoch * count, (epoch + 1) * count).sort((a, b) => a - b);
      assert.equal(sorted, Array.from({ length: count }, (_, i) => i));
    }
  }
  assert.not.equal(steps(50, 50, 0, 1, 5), steps(50, 50, 1, 2, 5));
  assert.not.equal(steps(50, 50, 0, 1, 5), steps(50, 50, 0, 1, 6));
});

test('a resumed run sees what the uninterrupted one would', () => {
  const whole = steps(23, 4, 0, 30, 9);
  steps(11, 3, 0, 30, 1); // another dataset in between
  assert.equal([...steps(23, 4, 17, 30, 9)], whole.slice(17 * 4));
  assert.equal(batchIndices(23, 4, 3, 9), whole.slice(12, 16));
});

test('item streams differ by seed, step and item, and repeat', () => {
  const draw = (seed: number, step: number, item: number): number => itemStream(seed, step, item).word();
  assert.is(draw(1, 2, 3), draw(1, 2, 3));
  assert.is(new Set([draw(1, 2, 3), draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4), draw(1, 3, 2)]).size, 5);
});

test('bad arguments are named', () => {
  assert.throws(() => batchIndices(0, 1, 0, 0), /count must be a whole number from 1, found 0/);
  assert.throws(() => batchIndices(4, 1.5, 0, 0), /batch/);
  assert.throws(() => batchIndices(4, 1, -1, 0), /step/);
});

test('prefetch: in order, bounded, up to the end', async () => {
  let running = 0;
  let most = 0;
  const begun: number[] = [];
  const prefetcher = new BatchPrefetcher({ start: 5, end: 15, ahead: 3, load: async (step) => {
    begun.push(step);
    most = Math.max(most, ++running);
    await wait(step % 3); // finish out of order
    running--;
    return step * 10;
  } });
  await wait(15);
  assert.equal(begun, [5, 6, 7]);
  for (let step = 5; step < 15; step++) assert.is(await prefetcher.next(), step * 10);
  assert.ok(most <= 3);
  assert.is(begun.length, 10);
  await prefetcher.next().then(() => assert.unreachable(), (error) => assert.match(error.message, /after step 14/));
  await prefetcher.stop();
});

test('prefetch: an error reaches the caller that awaits its step, and loading ends', async () => {
  const begun: number[] = [];
  const prefetcher = new BatchPrefetcher({ ahead: 2, load: async (step) => {
    begun.push(step);
    if (step === 2) throw new Error('bad image');
    return step;
  } });
  assert.is(await prefetcher.next(), 0);
  await wait(5);
  assert.is(await prefetcher.next(), 1);
  await wait(5); // the rejection waits without becoming an unhandled one
  await prefetcher.next().then(() => assert.unreachable(), (error) => assert.is(error.message, 'bad image'));
  await prefetcher.stop();
  assert.ok(begun.length <= 4);
});

test('prefetch: a synchronous throw is an error of its step too', async () => {
  const prefetcher = new BatchPrefetcher<number>({ load: () => { throw new Error('at once'); } });
  await prefetcher.next().then(() => assert.unreachable(), (error) => assert.is(error.message, 'at once'));
  await prefetcher.stop();
});

test('prefetch: stop waits for what is under way and begins nothing more', async () => {
  let finished = 0;
  const prefetcher = new BatchPrefetcher({ ahead: 4, load: async () => {
    await wait(5);
    finished++;
  } });
  await prefetcher.next();
  await prefetcher.stop();
  const atStop = finished;
  await wait(15);
  assert.is(finished, atStop);
  await prefetcher.stop();
  await prefetcher.next().then(() => assert.unreachable(), (error) => assert.match(error.message, /stopped/));
});

test.run();
