// The pool with programs that only count: who has a place, what runs together, and what comes of failures.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Judge, Question } from '../../invert/judge.ts';
import { Pool, type Seat } from '../../invert/pool.ts';
import type { Search } from '../../invert/search.ts';

interface Counted {
  readonly pool: Pool;
  /** Places that each step moved, and numbers of questions that each run of the judge answered. */
  readonly steps: number[][];
  readonly runs: number[];
}

function counted(places: number, rows: number, signal?: AbortSignal): Counted {
  const steps: number[][] = [];
  const runs: number[] = [];
  let prepared: number[] = [];
  const search = {
    passesEach: 4, start: () => undefined, prepare: (place: number) => void prepared.push(place),
    async step() {
      steps.push(prepared);
      prepared = [];
    },
    read: async () => Array.from({ length: places }, (_, place) => ({ energies: Float32Array.of(place), layouts: [] })),
  } as unknown as Search;
  const judge = {
    rows, passesEach: 2,
    async answer(questions: readonly Question[]) {
      runs.push(questions.length);
      return questions.map(({ tokens }) => ({ energy: tokens[0]!, errors: new Float32Array(1) }));
    },
  } as unknown as Judge;
  return { pool: new Pool(search, judge, places, signal), steps, runs };
}

const pairs = { timesteps: new Int32Array(1), noises: new Int32Array(1) };
const ask = (token: number): Question => ({ z: new Float32Array(1), tokens: Int32Array.of(token), block: 0 });

/** So many steps, then so many questions without a place. */
async function work({ steps, questions }: { steps: number; questions: number }, seat: Seat): Promise<number> {
  for (let step = 0; step < steps; step++) await seat.step(step, { image: pairs, prior: pairs });
  const { energies: [place] } = await seat.read();
  seat.leave();
  assert.not.ok(seat.searching);
  const answers = await seat.judge(Array.from({ length: questions }, (_, i) => ask(10 * place! + i)));
  assert.equal(answers.map(({ energy }) => energy), Array.from({ length: questions }, (_, i) => 10 * place! + i));
  return seat.passes;
}

async function all<T>(results: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const result of results) found.push(result);
  return found;
}

test('searching pictures step together; one that is done leaves its place to the next', async () => {
  const { pool, steps } = counted(2, 8);
  const items = [{ steps: 2, questions: 1 }, { steps: 5, questions: 1 }, { steps: 3, questions: 1 }];
  const passes = await all(pool.run(iterate(items), work));
  assert.equal(passes.toSorted(), [10, 14, 22]);
  assert.equal(steps, [[0, 1], [0, 1], [1, 0], [1, 0], [1, 0]], 'the third takes the place of the first');
  assert.equal(pool.free.toSorted(), [0, 1]);
});

test('questions without hurry wait until a run of the judge is full', async () => {
  const { pool, runs } = counted(4, 6);
  const items = Array.from({ length: 4 }, (_, i) => ({ steps: i, questions: 5 }));
  await all(pool.run(iterate(items), work));
  assert.is(runs.reduce((sum, count) => sum + count, 0), 20);
  assert.equal(runs.slice(0, 3), [6, 6, 6]);
});

test('questions without hurry are answered though others always fill the runs', async () => {
  const { pool } = counted(2, 4);
  const ended: string[] = [];
  await all(pool.run(iterate(['patient', 'asking']), async (name, seat) => {
    if (name === 'patient') {
      seat.leave();
      await seat.judge([ask(1)]);
    } else {
      for (let round = 0; round < 30; round++) await seat.judge(Array.from({ length: 4 }, (_, i) => ask(i)));
    }
    ended.push(name);
  }));
  assert.equal(ended, ['patient', 'asking']);
});

test('a failure is thrown, whatever the others do', async () => {
  const { pool } = counted(2, 4);
  const failing = async (item: number, seat: Seat): Promise<void> => {
    await seat.step(0, { image: pairs, prior: pairs });
    if (item === 1) throw new Error('broken');
    for (;;) await seat.step(0, { image: pairs, prior: pairs });
  };
  await all(pool.run(iterate([0, 1]), failing)).then(() => assert.unreachable(), (error: Error) =>
    assert.is(error.message, 'broken'));
});

test('an abort ends it between two runs', async () => {
  const controller = new AbortController();
  const { pool, steps } = counted(1, 4, controller.signal);
  const endless = async (_: number, seat: Seat): Promise<void> => {
    for (let step = 0; ; step++) {
      if (step === 3) controller.abort();
      await seat.step(step, { image: pairs, prior: pairs });
    }
  };
  assert.equal(await all(pool.run(iterate([0]), endless)), []);
  assert.is(steps.length, 3);
});

test('a picture that waits for something else is an error, not a standstill', async () => {
  const { pool } = counted(1, 4);
  await all(pool.run(iterate([0]), () => new Promise(() => undefined))).then(() => assert.unreachable(),
    (error: Error) => assert.match(error.message, /wait for nothing it gives/));
});

async function* iterate<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

test.run();
