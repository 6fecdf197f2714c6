/** Axes of plots: domains, nice ticks and their labels. */

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export interface PlotAxis {
  /** Ascending positions; all lie in the domain. */
  readonly ticks: readonly Tick[];
  /** Where a value of the domain lies along the axis, 0 .. 1. */
  place(value: number): number;
}

/**
 * A linear axis over the finite ones of some values.
 * With `nice`, the domain grows outwards to the next ticks; without, it ends exactly at the extremes.
 */
export function linearAxis(
  values: Iterable<number>, { ticks: wanted, nice }: { readonly ticks: number; readonly nice: boolean },
): PlotAxis {
  let [low, high] = extent(values) ?? [0, 1];
  if (low === high) {
    const margin = low === 0 ? 1 : Math.abs(low) * 0.1;
    [low, high] = [low - margin, high + margin];
  }
  const step = niceStep((high - low) / wanted);
  // A value that is a tick up to rounding must not push the domain a whole step further.
  const slack = 1e-9;
  const first = nice ? Math.floor(low / step + slack) : Math.ceil(low / step - slack);
  const last = nice ? Math.ceil(high / step - slack) : Math.floor(high / step + slack);
  if (nice) [low, high] = [Math.min(low, first * step), Math.max(high, last * step)];
  const positions = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  return {
    ticks: tickLabels(positions, step).map((label, i) => ({ value: positions[i]!, label })),
    place: (value) => (value - low) / (high - low),
  };
}

/** A logarithmic axis over the positive finite ones of some values, grown to round numbers. */
export function logAxis(values: Iterable<number>): PlotAxis {
  const [low, high] = extent(positiveOnly(values)) ?? [1, 10];
  const decades = Math.log10(high / low);
  const mantissas = decades < 1 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : decades < 2.5 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil(decades / 7));
  const candidates: number[] = [];
  const top = Math.ceil(Math.log10(high)) + stride;
  for (let exponent = Math.floor(Math.log10(low)) - stride; exponent <= top; exponent++) {
    if (exponent % stride === 0) candidates.push(...mantissas.map((mantissa) => Number(`${mantissa}e${exponent}`)));
  }
  const first = candidates.findLastIndex((tick) => tick <= low);
  const reached = candidates.findIndex((tick) => tick >= high);
  const last = Math.max(reached, first + 1);
  const [bottom, span] = [Math.log(candidates[first]!), Math.log(candidates[last]! / candidates[first]!)];
  return {
    ticks: candidates.slice(first, last + 1).map((value) => ({ value, label: powerLabel(value) })),
    place: (value) => (Math.log(value) - bottom) / span,
  };
}

function* positiveOnly(values: Iterable<number>): Iterable<number> {
  for (const value of values) if (value > 0) yield value;
}

/** Smallest and largest finite value, or null without any. */
function extent(values: Iterable<number>): [low: number, high: number] | null {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : null;
}

/** The smallest of 1, 2, 5 times a power of ten that is at least `step`. */
function niceStep(step: number): number {
  const exponent = Math.floor(Math.log10(step));
  const mantissa = [1, 2, 5].find((candidate) => Number(`${candidate}e${exponent}`) >= step * (1 - 1e-9)) ?? 10;
  return Number(`${mantissa}e${exponent}`);
}

/** Labels in one common form: plain, in thousands or millions, or with one common power of ten. */
function tickLabels(positions: readonly number[], step: number): string[] {
  const largest = Math.max(...positions.map(Math.abs));
  // Far from zero with small steps, a unit would only move the many digits behind the point.
  const [unit, suffix] = largest >= 1e4 * step ? [1, ''] as const : tickUnit(largest);
  const decimals = Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9));
  return positions.map((value) => (Math.abs(value) < step / 2 ? '0' : `${(value / unit).toFixed(decimals)}${suffix}`));
}

function tickUnit(largest: number): [unit: number, suffix: string] {
  if (largest >= 1e12 || (largest > 0 && largest < 1e-3)) {
    const exponent = Math.floor(Math.log10(largest) + 1e-9);
    return [10 ** exponent, `e${exponent}`];
  }
  if (largest >= 1e9) return [1e9, 'G'];
  if (largest >= 1e6) return [1e6, 'M'];
  return largest >= 1e4 ? [1e3, 'k'] : [1, ''];
}

function powerLabel(value: number): string {
  return value >= 1e-3 && value < 1e4 ? String(value) : value.toExponential().replace('e+', 'e');
}
