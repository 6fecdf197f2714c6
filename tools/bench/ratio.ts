/** How many times as long as ours, the first, the faster of the others takes; null where there are none. */
export function againstPeers(times: readonly number[]): number | null {
  const [own, ...peers] = times;
  return own !== undefined && peers.length > 0 ? Math.min(...peers) / own : null;
}
