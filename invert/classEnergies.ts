/** Mean errors of classes of several pictures, by what has been asked so far: no probe is asked twice. */
import type { ClassJudge } from './classJudge.ts';

export interface Ranked {
  readonly label: number;
  readonly energy: number;
}

/** Classes of a picture, and the pairs that they are to be known on. */
export interface Question {
  readonly image: number;
  readonly labels: readonly number[];
  readonly pairs: readonly number[];
}

export class ClassEnergies {
  /** By picture, class and pair. */
  private readonly errors = new Map<number, Map<number, Map<number, number>>>();

  /** Scaled latents z [I, C h w] of the pictures. */
  constructor(private readonly judge: ClassJudge, private readonly z: Float32Array) {}

  private row(image: number, label: number): Map<number, number> {
    const rows = this.errors.get(image) ?? new Map<number, Map<number, number>>();
    const row = rows.get(label) ?? new Map<number, number>();
    this.errors.set(image, rows.set(label, row));
    return row;
  }

  /** Answers the questions on all pictures together, so that runs are full. */
  async ask(questions: readonly Question[]): Promise<void> {
    const probes = questions.flatMap(({ image, labels, pairs }) => labels.flatMap((label) => {
      const row = this.row(image, label);
      return pairs.filter((pair) => !row.has(pair)).map((pair) => ({ image, label, pair }));
    }));
    const errors = await this.judge.errors(this.z, probes);
    probes.forEach(({ image, label, pair }, i) => this.row(image, label).set(pair, errors[i]!));
  }

  /** Classes of a picture by mean error over pairs that were asked, lowest first. */
  ranked({ image, labels, pairs }: Question): Ranked[] {
    const mean = (label: number): number => {
      const row = this.row(image, label);
      return pairs.reduce((sum, pair) => sum + row.get(pair)!, 0) / pairs.length;
    };
    return labels.map((label) => ({ label, energy: mean(label) }))
      .sort((a, b) => a.energy - b.energy || a.label - b.label);
  }
}
