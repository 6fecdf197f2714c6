/** Which classes lie next to which in the class table: for moves from a good class to others like it. */

export class ClassNeighbours {
  private readonly order = new Map<number, readonly number[]>();

  /** rows [C, D], one after the other. */
  constructor(private readonly rows: Float32Array, private readonly classes: number) {}

  /** All other classes, the nearest first by L2. */
  of(label: number): readonly number[] {
    const found = this.order.get(label) ?? this.sorted(label);
    this.order.set(label, found);
    return found;
  }

  private sorted(label: number): number[] {
    const { rows, classes } = this;
    const D = rows.length / classes;
    const distances = Float64Array.from({ length: classes }, (_, other) => {
      let sum = 0;
      for (let i = 0; i < D; i++) sum += (rows[other * D + i]! - rows[label * D + i]!) ** 2;
      return sum;
    });
    return Array.from(distances.keys()).filter((other) => other !== label)
      .sort((a, b) => distances[a]! - distances[b]! || a - b);
  }
}
