/**
 * Memory by liveness: every value lives from the step that writes it to the last step that reads it, and values whose
 * lives do not meet share memory [Pisarchyk & Lee 2020, greedy by size]. Slots are separate GPUBuffers, since Dawn
 * tracks hazards per buffer. Where all of them are taken, an arena is used: memory that is there anyway for what is
 * written late, gradients above all, so that activations die in the place where the gradients are born.
 */
export interface Value {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
  /** Whether it may lie in an arena. */
  readonly movable: boolean;
}

/** Bytes of an arena that are in use from a step to another. */
interface Range {
  readonly start: number;
  readonly end: number;
  readonly first: number;
  readonly last: number;
}

/** A buffer for something else, and from which step on each part of it is taken for that; the rest is free. */
export interface Arena {
  readonly bytes: number;
  readonly parts: readonly Omit<Range, 'last'>[];
}

/** Where a value lies: a slot from its first byte on, or a place in an arena. */
export type Place = { readonly slot: number } | { readonly arena: number; readonly offset: number };

export interface MemoryPlan {
  /** Place of each value. */
  readonly places: readonly Place[];
  /** Bytes of each slot. */
  readonly sizes: readonly number[];
  /** What all values would take without sharing. */
  readonly unshared: number;
}

const meet = (a: Pick<Range, 'first' | 'last'>, b: Pick<Range, 'first' | 'last'>): boolean =>
  a.last >= b.first && b.last >= a.first;

/** Later than any step, and more than any buffer holds. */
const forever = 2 ** 40;

/** Index of the first item that is not before, in a list where those that are come first. */
function firstNot<T>(items: readonly T[], isBefore: (item: T) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(items[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Ranges of an arena in use, by their first byte. */
class Tenants {
  private readonly ranges: Range[];
  /** Steps at which parts are taken, in order, and the longest range that is free of parts after each. */
  private readonly steps: readonly number[];
  private readonly rooms: readonly number[];

  constructor(private readonly arena: Arena, private readonly alignment: number) {
    this.ranges = arena.parts.map((part) => ({ ...part, last: forever })).sort((a, b) => a.start - b.start);
    this.steps = [...new Set(arena.parts.map(({ first }) => first))].sort((a, b) => a - b);
    this.rooms = this.steps.map((step) => this.longest(step));
  }

  private longest(step: number): number {
    let [room, at] = [0, 0];
    for (const range of this.ranges) {
      if (range.first > step) continue;
      room = Math.max(room, range.start - at);
      at = Math.max(at, this.aligned(range.end));
    }
    return Math.max(room, this.arena.bytes - at);
  }

  /** Whether a value would fit if the arena had no other tenants. */
  couldHold({ bytes, last }: Value): boolean {
    const next = firstNot(this.steps, (step) => step <= last);
    return this.aligned(bytes) <= (next === 0 ? this.arena.bytes : this.rooms[next - 1]!);
  }

  /** The smallest free range that holds a value for its whole life; null where there is none. */
  find(value: Value): number | null {
    if (!this.couldHold(value)) return null;
    const size = this.aligned(value.bytes);
    let [best, room, at] = [-1, forever, 0];
    for (const range of this.ranges) {
      if (!meet(range, value)) continue;
      if (range.start - at >= size && range.start - at < room) [best, room] = [at, range.start - at];
      at = Math.max(at, this.aligned(range.end));
    }
    const rest = this.arena.bytes - at;
    if (rest >= size && rest < room) best = at;
    return best < 0 ? null : best;
  }

  take({ bytes, first, last }: Value, start: number): void {
    const range = { start, end: start + this.aligned(bytes), first, last };
    this.ranges.splice(firstNot(this.ranges, (other) => other.start < start), 0, range);
  }

  private aligned(bytes: number): number {
    return Math.ceil(bytes / this.alignment) * this.alignment;
  }
}

/** Buffers of their own for values, each as large as its first tenant. */
class Slots {
  readonly sizes: number[] = [];
  /** Slots by size, smallest first. */
  private readonly bySize: number[] = [];
  /** Values of each slot in order of their lives, which do not meet. */
  private readonly tenants: Value[][] = [];

  /** The smallest slot that is free for the whole life of a value; null where there is none. */
  find(value: Value): number | null {
    for (let i = this.from(value.bytes); i < this.bySize.length; i++) {
      if (this.isFree(this.bySize[i]!, value)) return this.bySize[i]!;
    }
    return null;
  }

  /** Place in `bySize` of the first slot that is large enough. */
  private from(bytes: number): number {
    return firstNot(this.bySize, (slot) => this.sizes[slot]! < bytes);
  }

  private isFree(slot: number, value: Value): boolean {
    const tenants = this.tenants[slot]!;
    const next = tenants[firstNot(tenants, (other) => other.last < value.first)];
    return next === undefined || next.first > value.last;
  }

  make(value: Value): number {
    this.bySize.splice(this.from(value.bytes), 0, this.sizes.length);
    this.tenants.push([]);
    return this.sizes.push(value.bytes) - 1;
  }

  take(value: Value, slot: number): void {
    const tenants = this.tenants[slot]!;
    tenants.splice(firstNot(tenants, (other) => other.last < value.first), 0, value);
  }
}

/** Values below this share of the largest one are not looked up in arenas: all together they hardly count. */
const smallest = 1 / 64;

/**
 * Places values in slots and arenas, largest first. What no arena could hold comes before the rest, so that the rest
 * finds its slots. Places in arenas are multiples of `alignment`.
 */
export function planMemory(values: readonly Value[], arenas: readonly Arena[] = [], alignment = 256): MemoryPlan {
  const largest = values.reduce((bytes, value) => Math.max(bytes, value.bytes), 0);
  const slots = new Slots();
  const tenants = arenas.map((arena) => new Tenants(arena, alignment));
  const places: Place[] = [];
  const movable = values.map((value) => value.movable && value.bytes >= smallest * largest
    && tenants.some((arena) => arena.couldHold(value)));
  const order = values.map((_, i) => i).sort((a, b) =>
    Number(movable[a]) - Number(movable[b]) || values[b]!.bytes - values[a]!.bytes || a - b);
  const inArena = (value: Value): Place | null => {
    for (const [arena, taken] of tenants.entries()) {
      const offset = taken.find(value);
      if (offset === null) continue;
      taken.take(value, offset);
      return { arena, offset };
    }
    return null;
  };
  for (const i of order) {
    const value = values[i]!;
    const free = slots.find(value);
    const place = free === null && movable[i] ? inArena(value) : null;
    places[i] = place ?? { slot: free ?? slots.make(value) };
    if ('slot' in places[i]!) slots.take(value, (places[i] as { slot: number }).slot);
  }
  return { places, sizes: slots.sizes, unshared: values.reduce((total, value) => total + value.bytes, 0) };
}
