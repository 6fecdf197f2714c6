/** Where `settle` sleeps: nobody ever wakes it before its time. */
const nobody = new Int32Array(new SharedArrayBuffer(4));

/** Longest sleep in milliseconds, and the share of the time waited so far that a sleep may take. */
const longest = 1;
const share = 0.01;

/**
 * Waits for a promise of the GPU without burning a core.
 *
 * While such a promise is pending, Dawn's bindings ask for news in every turn of the event loop, which on a software
 * adapter takes a core from the work itself. So turns are made to last: short sleeps in proportion to the time waited,
 * which delay the answer by a hundredth at most. Other callbacks run between them.
 */
export async function settle<T>(promise: Promise<T>): Promise<T> {
  const start = performance.now();
  let pending = true;
  const turn = (): void => {
    if (!pending) return;
    const nap = Math.min(longest, share * (performance.now() - start));
    if (nap > 0.02) Atomics.wait(nobody, 0, 0, nap);
    setImmediate(turn);
  };
  setImmediate(turn);
  try {
    return await promise;
  } finally {
    pending = false;
  }
}
