/** What is known of the layouts of one picture: each is judged once on each block of pairs, however often it is met. */
import type { Answer, Candidate, Question } from './judge.ts';

/** A layout and its energy over all fixed pairs. */
export interface Found {
  /** [L] */
  readonly tokens: Int32Array;
  readonly energy: number;
}

export class LayoutEnergies {
  /** By tokens: the energy on each block where it is known. */
  private readonly known = new Map<string, Map<number, number>>();
  /** By tokens: errors by place, of the few layouts that they were asked of. */
  private readonly places = new Map<string, Float64Array>();

  constructor(
    private readonly z: Candidate['z'],
    /** Of the judge: the energy of a layout is the mean over them. */
    private readonly blocks: readonly number[],
    private readonly answer: (questions: readonly Question[]) => Promise<Answer[]>,
  ) {}

  /** Energies of layouts over all pairs. */
  async of(layouts: readonly Int32Array[]): Promise<number[]> {
    await this.ask(layouts, this.blocks);
    return layouts.map((tokens) => {
      const energies = this.known.get(tokensKey(tokens))!;
      return this.blocks.reduce((sum, block) => sum + energies.get(block)!, 0) / this.blocks.length;
    });
  }

  /** Energies of layouts on a few pairs, the same for all: to be compared with each other only. */
  async screen(layouts: readonly Int32Array[]): Promise<number[]> {
    const { screenBlock } = this;
    await this.ask(layouts, [screenBlock]);
    return layouts.map((tokens) => this.known.get(tokensKey(tokens))!.get(screenBlock)!);
  }

  /** Errors of the image term at every place [h w], on the few pairs of `screen`. */
  async screenErrors(layouts: readonly Int32Array[]): Promise<Float32Array[]> {
    const { z, screenBlock: block } = this;
    const answers = await this.answerAndNote(layouts.map((tokens) => ({ z, tokens, block })));
    return answers.map(({ errors }) => errors);
  }

  /** The lowest of `best` and some layouts. Those that are no better on a few pairs are not looked at closer. */
  async lowest(best: Found, layouts: readonly Int32Array[], closer: number): Promise<Found> {
    const [own, ...screened] = await this.screen([best.tokens, ...layouts]);
    const promising = layouts.map((tokens, i) => ({ tokens, energy: screened[i]! }))
      .filter(({ energy }) => energy < own!).sort((a, b) => a.energy - b.energy).slice(0, closer);
    const energies = await this.of(promising.map(({ tokens }) => tokens));
    return promising.reduce((a, { tokens }, i) =>
      (energies[i]! < a.energy ? { tokens, energy: energies[i]! } : a), best);
  }

  /** Where a layout leaves a picture unexplained: errors of the image term over all pairs at every place [h w]. */
  async errors(tokens: Int32Array): Promise<Float64Array> {
    const asked = this.places.get(tokensKey(tokens));
    if (asked) return asked;
    const answers = await this.answerAndNote(this.blocks.map((block) => ({ z: this.z, tokens, block })));
    const errors = Float64Array.from(answers[0]!.errors, (_, at) =>
      answers.reduce((sum, answer) => sum + answer.errors[at]!, 0) / answers.length);
    this.places.set(tokensKey(tokens), errors);
    return errors;
  }

  /** Pairs that layouts are first looked at with: from the middle, neither the weakest nor the strongest noise. */
  private get screenBlock(): number {
    return this.blocks[this.blocks.length >> 1]!;
  }

  private async ask(layouts: readonly Int32Array[], blocks: readonly number[]): Promise<void> {
    const { z } = this;
    const open = new Map(layouts.map((tokens) => [tokensKey(tokens), tokens]));
    const questions: Question[] = [];
    for (const [name, tokens] of open) {
      for (const block of blocks) {
        if (!this.known.get(name)?.has(block)) questions.push({ z, tokens, block });
      }
    }
    if (questions.length > 0) await this.answerAndNote(questions);
  }

  private async answerAndNote(questions: readonly Question[]): Promise<Answer[]> {
    const answers = await this.answer(questions);
    questions.forEach(({ tokens, block }, i) => {
      const name = tokensKey(tokens);
      if (!this.known.has(name)) this.known.set(name, new Map());
      this.known.get(name)!.set(block, answers[i]!.energy);
    });
    return answers;
  }
}

/** Layouts of equal tokens have equal keys. */
export const tokensKey = (tokens: Int32Array): string => tokens.join(' ');
