/**
 * Many pictures on the same programs. Each picture's inversion is written as if it were alone; this lines up what they
 * ask for. A search that is done leaves its place to the next picture at once, and what is left to judge of it shares
 * the judge's runs with all others. What a picture is given does not depend on the others.
 */
import type { Answer, Judge, Question } from './judge.ts';
import type { Reading, Search, StepPairs } from './search.ts';

interface Ask {
  readonly seat: Seat;
  readonly questions: readonly Question[];
  readonly answers: Answer[];
  /** Questions handed to the judge, and those answered. */
  asked: number;
  /** Runs of the judge that it has waited for. */
  waited: number;
  readonly resolve: (answers: Answer[]) => void;
}

/** Runs that pictures which have left their place wait for those that search, before they take turns with them. */
const mostWaited = 8;

/** A picture's way to the programs. While it holds a place, the search goes on only with it. */
export class Seat {
  /** Network passes so far, forward and backward counted one each. */
  passes = 0;
  /** Its share of the time. */
  seconds = 0;
  /** Part of its search that is done, 0 .. 1. */
  progress = 0;

  constructor(private readonly pool: Pool, private held: number | null) {}

  /** Whether it holds a place in the search. */
  get searching(): boolean {
    return this.held !== null;
  }

  private get place(): number {
    if (this.held === null) throw new Error('a picture that has left its place cannot search');
    return this.held;
  }

  start(name: string, z: Float32Array, layouts: readonly Int32Array[] | null): void {
    this.pool.search.start(this.place, name, z, layouts);
  }

  /** A gradient step, number `step` of this picture, on pairs of its own. */
  step(step: number, pairs: StepPairs): Promise<void> {
    this.pool.search.prepare(this.place, step, pairs);
    this.passes += this.pool.search.passesEach;
    return new Promise((resolve) => this.pool.steps.push(resolve));
  }

  read(): Promise<Reading> {
    const { place } = this;
    return new Promise((resolve) => this.pool.readers.push({ place, resolve }));
  }

  judge(questions: readonly Question[]): Promise<Answer[]> {
    this.passes += questions.length * this.pool.judge.passesEach;
    return new Promise((resolve) =>
      this.pool.asks.push({ seat: this, questions, answers: [], asked: 0, waited: 0, resolve }));
  }

  /** Makes room for the next picture; what is left to do needs the judge only. */
  leave(): void {
    if (this.held !== null) this.pool.free.push(this.held);
    this.held = null;
  }
}

export class Pool {
  readonly free: number[];
  readonly steps: (() => void)[] = [];
  readonly readers: { readonly place: number; readonly resolve: (reading: Reading) => void }[] = [];
  readonly asks: Ask[] = [];

  constructor(readonly search: Search, readonly judge: Judge, places: number, private readonly signal?: AbortSignal,
    private readonly onTurn: (underWay: number) => void = () => undefined) {
    this.free = Array.from({ length: places }, (_, i) => places - 1 - i);
  }

  /**
   * Runs `work` for every item and yields the results as they are ready.
   *
   *   work  may wait for what it asks of its seat, and for nothing else
   */
  async* run<Item, Result>(items: AsyncIterator<Item>, work: (item: Item, seat: Seat) => Promise<Result>):
    AsyncGenerator<Result> {
    const active = new Set<Seat>();
    const ready: Result[] = [];
    const failures: unknown[] = [];
    let open = true;
    for (;;) {
      while (open && this.free.length > 0) {
        const next = await items.next();
        open = !next.done;
        if (next.done) break;
        const seat = new Seat(this, this.free.pop()!);
        active.add(seat);
        work(next.value, seat).then((result) => ready.push(result), (error: unknown) => failures.push(error))
          .finally(() => {
            seat.leave();
            active.delete(seat);
          });
      }
      // Once the promises of the last turn are followed up, every picture has asked for something or is done.
      await new Promise((resolve) => setImmediate(resolve));
      if (failures.length > 0) throw failures[0];
      yield* ready.splice(0);
      if ((active.size === 0 && !open) || this.signal?.aborted) return;
      if (active.size > 0) await this.timed(active);
    }
  }

  private async timed(active: ReadonlySet<Seat>): Promise<void> {
    const started = performance.now();
    await this.turn();
    const share = (performance.now() - started) / 1000 / active.size;
    for (const seat of active) seat.seconds += share;
    this.onTurn([...active].reduce((sum, { progress }) => sum + progress, 0));
  }

  /** The next run of a program: what the searching pictures wait for comes first, so that they step together. */
  private async turn(): Promise<void> {
    if (this.readers.length > 0) {
      const readings = await this.search.read();
      for (const { place, resolve } of this.readers.splice(0)) resolve(readings[place]!);
      return;
    }
    const open = this.asks.reduce((sum, { questions, asked }) => sum + questions.length - asked, 0);
    const awaited = this.asks.some(({ seat }) => seat.searching);
    if (open >= this.judge.rows || awaited || (open > 0 && this.steps.length === 0)) {
      await this.answer();
    } else if (this.steps.length > 0) {
      await this.search.step();
      for (const resolve of this.steps.splice(0)) resolve();
    } else {
      throw new Error('the pool has pictures that wait for nothing it gives');
    }
  }

  /** One run of the judge, full where there is enough to ask. */
  private async answer(): Promise<void> {
    const { asks, judge } = this;
    const isUrgent = ({ seat, waited }: Ask): number => Number(seat.searching || waited > mostWaited);
    for (const ask of asks) ask.waited++;
    asks.sort((a, b) => isUrgent(b) - isUrgent(a));
    const taken: { ask: Ask; at: number }[] = [];
    for (const ask of asks) {
      while (ask.asked < ask.questions.length && taken.length < judge.rows) taken.push({ ask, at: ask.asked++ });
    }
    const answers = await judge.answer(taken.map(({ ask, at }) => ask.questions[at]!));
    taken.forEach(({ ask, at }, i) => { ask.answers[at] = answers[i]!; });
    for (const ask of [...asks]) {
      if (ask.asked < ask.questions.length) continue;
      asks.splice(asks.indexOf(ask), 1);
      ask.resolve(ask.answers);
    }
  }
}
