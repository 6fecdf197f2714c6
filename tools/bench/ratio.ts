import { median } from '../../engine/profile.ts';

/** How many times as long as ours, the first, the faster of the others takes; null where there are none. */
export function againstPeers(times: readonly number[]): number | null {
  const [own, ...peers] = times;
  return own !== undefined && peers.length > 0 ? Math.min(...peers) / own : null;
}

/** How many times as long as `others` something took, by timings in turns: what slows down a round slows down both. */
export const besides = (times: readonly number[], others: readonly number[]): number =>
  median(times.map((ms, round) => ms / others[round]!));
