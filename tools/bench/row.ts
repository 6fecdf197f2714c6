/** What a benchmark is made of: rows of work, and implementations of each that can be run and compared. */
import type { Device } from '../../engine/device.ts';
import type { Jax } from './jax.ts';
import type { Tfjs } from './tfjs.ts';

export type Impl = 'ours' | 'jax-js' | 'tfjs';

/** One implementation of a row, with its inputs on the device. */
export interface Candidate {
  readonly impl: Impl;
  /** Submits the work once; does not wait. */
  run(): void;
  /** Resolves when all that was submitted is done. */
  idle(): Promise<void>;
  /** What the last run gave, by name, in one layout for all implementations. */
  read(): Promise<Readonly<Record<string, Float32Array>>>;
  dispose(): void;
}

/** Ours, with the operations that its kernels count. */
export interface OwnCandidate extends Candidate {
  readonly flops: number;
}

/** Work to time; a row that lacks the peers says why. */
export interface Row {
  readonly name: string;
  /** Floating-point operations by definition, the same for all; null where only our kernels' count exists. */
  readonly flops: number | null;
  /** Runs before results are compared: several where each changes what the next computes. */
  readonly checkedRuns: number;
  /** Why no peer does it; null where they do. */
  readonly oursOnly: string | null;
  /** The row before it that it is compared with: they are timed in turns. */
  readonly beside?: string;
  ours(device: Device): Promise<OwnCandidate>;
  jax?(jax: Jax): Candidate;
  tfjs?(tf: Tfjs): Candidate;
}
