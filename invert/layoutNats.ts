/**
 * Nats of hard layouts under an autoregressive prior. They depend on neither the picture nor the pairs, so each layout
 * is evaluated once, however often it is judged.
 */
import { compile } from '../engine/compile/compile.ts';
import type { Device } from '../engine/device.ts';
import { add, inputTensor, slice, sum } from '../engine/ops/index.ts';
import type { Program } from '../engine/program.ts';
import { slotTargets } from '../models/prior/autoregressive.ts';
import { embedForPrior, expectAnyOrder, priorTokenNats, type AutoregressivePrior } from '../pipeline/prior.ts';
import { tokensKey } from './layoutEnergies.ts';

/** Layouts that are remembered: more than one picture meets, and few beside a generator. */
const mostKnown = 1 << 14;

export class LayoutNats {
  /** By tokens. */
  private known = new Map<string, number>();

  private constructor(private readonly program: Program, private readonly prior: AutoregressivePrior,
    private readonly rows: number) {}

  /** `rows` layouts are evaluated in one run. */
  static async open(device: Device, prior: AutoregressivePrior, rows: number): Promise<LayoutNats> {
    expectAnyOrder(prior.description.model);
    const { maxObjects: N, length } = prior.vocabulary;
    const embeddings = slice(embedForPrior(prior, inputTensor('ids', [rows, length], 'i32')), 1, 0, 3 * N);
    const { classes, corners } = priorTokenNats(prior.store.scope(), embeddings, {
      classes: inputTensor('classes', [rows, N], 'i32'), corners: inputTensor('corners', [rows, N, 2], 'i32'),
    }, prior.description);
    const nats = add(sum(classes, [1]), sum(corners, [1, 2]));
    return new LayoutNats(await compile(device, { name: 'layout nats', outputs: { nats } }), prior, rows);
  }

  /** Of token sequences [L]. */
  async of(layouts: readonly Int32Array[]): Promise<number[]> {
    if (this.known.size > mostKnown) this.known.clear();
    const open = [...new Map(layouts.map((tokens) => [tokensKey(tokens), tokens]))]
      .filter(([name]) => !this.known.has(name));
    for (let first = 0; first < open.length; first += this.rows) {
      const part = open.slice(first, first + this.rows);
      const nats = await this.evaluate(part.map(([, tokens]) => tokens));
      part.forEach(([name], i) => this.known.set(name, nats[i]!));
    }
    return layouts.map((tokens) => this.known.get(tokensKey(tokens))!);
  }

  private evaluate(layouts: readonly Int32Array[]): Promise<Float32Array> {
    const { program, rows, prior: { vocabulary } } = this;
    // Rows without a layout repeat the last one.
    const ids = Int32Array.from({ length: rows * vocabulary.length }, (_, i) =>
      layouts[Math.min(Math.floor(i / vocabulary.length), layouts.length - 1)]![i % vocabulary.length]!);
    program.run({ ids, ...slotTargets(vocabulary, ids) });
    return program.readFloats('nats');
  }

  destroy(): void {
    this.program.destroy();
  }
}
