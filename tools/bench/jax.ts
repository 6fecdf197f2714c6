/** jax-js as a peer: a development dependency, loaded only when asked for. */
import type { Candidate } from './row.ts';

export type Jax = typeof import('@jax-js/jax');
export type JaxArray = InstanceType<Jax['Array']>;

/** Loads jax-js on the WebGPU of `navigator.gpu`, which must be there before. */
export async function loadJax(): Promise<Jax> {
  const jax = await import('@jax-js/jax');
  const found = await jax.init('webgpu');
  if (!found.includes('webgpu')) throw new Error('jax-js: found no WebGPU adapter');
  jax.defaultDevice('webgpu');
  return jax;
}

export function jaxArray(jax: Jax, values: Float32Array, shape: readonly number[]): JaxArray {
  return jax.numpy.array(values, { shape: [...shape] }) as JaxArray;
}

/** Submits what an array waits for; jax-js computes nothing before someone asks for it. */
function submit(array: JaxArray): void {
  array.ref.gpuBufferSync();
}

/** Resolves when jax-js' device has done everything submitted so far. */
async function idle(jax: Jax): Promise<void> {
  await jax.getWebGPUDevice().queue.onSubmittedWorkDone();
}

/** What results are called, and how they become the common layout. */
export type JaxOutputs = Readonly<Record<string, (values: Float32Array) => Float32Array>>;

export const asIs = (values: Float32Array): Float32Array => values;

async function readAll(arrays: readonly JaxArray[], outputs: JaxOutputs): Promise<Record<string, Float32Array>> {
  const values: Record<string, Float32Array> = {};
  for (const [i, [name, convert]] of Object.entries(outputs).entries()) {
    values[name] = convert(await arrays[i]!.ref.data() as Float32Array);
  }
  return values;
}

/** A pure function of some arrays, compiled by `jit`. */
export function jaxFunction(jax: Jax, f: (...inputs: JaxArray[]) => JaxArray[], inputs: readonly JaxArray[],
  outputs: JaxOutputs): Candidate {
  const compiled = jax.jit(f as (...inputs: any[]) => JaxArray[]) as unknown as typeof f;
  let last: JaxArray[] = [];
  return {
    impl: 'jax-js',
    run() {
      const next = compiled(...inputs.map((x) => x.ref));
      next.forEach(submit);
      last.forEach((x) => x.dispose());
      last = next;
    },
    idle: () => idle(jax),
    read: () => readAll(last, outputs),
    dispose() {
      for (const x of [...last, ...inputs]) x.dispose();
    },
  };
}

/**
 * A step from arrays to arrays, compiled by `jit`, whose first results are the next step's first arguments. `fixed`
 * arguments follow those; further results are what is read.
 */
export function jaxStep(jax: Jax, f: (...inputs: JaxArray[]) => JaxArray[], start: readonly JaxArray[],
  fixed: readonly JaxArray[], read: (state: readonly JaxArray[], extra: readonly JaxArray[]) => readonly JaxArray[],
  outputs: JaxOutputs): Candidate {
  const compiled = jax.jit(f as (...inputs: any[]) => JaxArray[]) as unknown as typeof f;
  let state = [...start];
  let extra: JaxArray[] = [];
  return {
    impl: 'jax-js',
    run() {
      const next = compiled(...state, ...fixed.map((x) => x.ref));
      next.forEach(submit);
      extra.forEach((x) => x.dispose());
      state = next.slice(0, state.length);
      extra = next.slice(state.length);
    },
    idle: () => idle(jax),
    read: () => readAll(read(state, extra), outputs),
    dispose() {
      for (const x of [...state, ...extra, ...fixed]) x.dispose();
    },
  };
}
