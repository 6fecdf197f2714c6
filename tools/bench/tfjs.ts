/** tfjs with its WebGPU backend as a peer: development dependencies, loaded only when asked for. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Candidate } from './row.ts';

export type Tfjs = typeof import('@tensorflow/tfjs-core');
export type TfTensor = import('@tensorflow/tfjs-core').Tensor;

/**
 * Loads tfjs on the WebGPU of `navigator.gpu`, which must be there before. Its core registers no gradients by itself,
 * and the module that does cannot be imported by Node (its own imports lack endings), so the three are bundled first.
 */
export async function loadTfjs(): Promise<Tfjs> {
  const { build } = await import('esbuild');
  const dir = mkdtempSync(join(tmpdir(), 'bench-tfjs-'));
  try {
    const outfile = join(dir, 'tfjs.cjs');
    await build({
      stdin: {
        contents: `import '@tensorflow/tfjs-core/dist/register_all_gradients';
          import '@tensorflow/tfjs-backend-webgpu';
          export * from '@tensorflow/tfjs-core';`,
        resolveDir: fileURLToPath(new URL('.', import.meta.url)),
      },
      outfile, bundle: true, format: 'cjs', platform: 'node', mainFields: ['module', 'main'], logLevel: 'silent',
    });
    const bundle = await import(pathToFileURL(outfile).href) as { default: Tfjs };
    const tf = bundle.default;
    if (!await tf.setBackend('webgpu')) throw new Error('tfjs: its WebGPU backend did not start');
    await tf.ready();
    return tf;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What its backend does itself before it reads; not part of the type of a backend. */
interface WebGpuBackend {
  readonly device: GPUDevice;
  readonly commandEncoder: GPUCommandEncoder | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

/** tfjs submits after every 15 dispatches; this submits the rest and waits. */
async function idle(tf: Tfjs): Promise<void> {
  const backend = tf.backend() as unknown as WebGpuBackend;
  backend.endComputePassEncoder();
  if (backend.commandEncoder) backend.submitQueue();
  await backend.device.queue.onSubmittedWorkDone();
}

/** What results are called, and how they become the common layout. */
export type TfOutputs = Readonly<Record<string, (values: Float32Array) => Float32Array>>;

async function readAll(tensors: readonly TfTensor[], outputs: TfOutputs): Promise<Record<string, Float32Array>> {
  const values: Record<string, Float32Array> = {};
  for (const [i, [name, convert]] of Object.entries(outputs).entries()) {
    values[name] = convert(await tensors[i]!.data() as Float32Array);
  }
  return values;
}

/** A pure function of some tensors. */
export function tfFunction(tf: Tfjs, f: (...inputs: TfTensor[]) => TfTensor[], inputs: readonly TfTensor[],
  outputs: TfOutputs): Candidate {
  let last: TfTensor[] = [];
  return {
    impl: 'tfjs',
    run() {
      const next = tf.tidy(() => f(...inputs));
      tf.dispose(last);
      last = next;
    },
    idle: () => idle(tf),
    read: () => readAll(last, outputs),
    dispose: () => tf.dispose([...last, ...inputs]),
  };
}

/** A step from tensors to tensors whose first results are the next step's arguments; further results are extra. */
export function tfStep(tf: Tfjs, f: (...state: TfTensor[]) => TfTensor[], start: readonly TfTensor[],
  fixed: readonly TfTensor[], read: (state: readonly TfTensor[], extra: readonly TfTensor[]) => readonly TfTensor[],
  outputs: TfOutputs): Candidate {
  let state = [...start];
  let extra: TfTensor[] = [];
  return {
    impl: 'tfjs',
    run() {
      const next = tf.tidy(() => f(...state));
      tf.dispose([...state, ...extra]);
      extra = next.slice(state.length);
      state = next.slice(0, state.length);
    },
    idle: () => idle(tf),
    read: () => readAll(read(state, extra), outputs),
    dispose: () => tf.dispose([...state, ...extra, ...fixed]),
  };
}
