import { setTimeout as sleep } from 'node:timers/promises';
import type { Device } from './device.ts';

/**
 * Waits for work of a steady size without burning a core.
 *
 * A pending GPU promise makes Dawn's bindings poll in a tight loop. So this sleeps for most of the time that the work
 * took before, and asks only then. On a software adapter the polling would take a core from the work itself.
 */
export class Fence {
  private expected = 0;

  constructor(private readonly device: Device) {}

  /** Resolves when everything submitted so far is done; throws what the GPU complained about. */
  async wait(): Promise<void> {
    const start = performance.now();
    if (this.expected > 3) await sleep(this.expected * 0.9);
    const slept = performance.now();
    await this.device.idle();
    const end = performance.now();
    // Done while asleep: the work has become shorter (the first run compiles), so feel for its length from below.
    this.expected = end - slept < 0.2 ? this.expected / 4 : end - start;
  }
}
