// The sweep against errors that fall where an object of one class covers a known place.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LayoutEnergies, type Found } from '../../invert/layoutEnergies.ts';
import type { Answer, Question } from '../../invert/judge.ts';
import { sweep, sweptParts } from '../../invert/sweep.ts';
import { decodeLayout, encodeLayout, layoutVocabulary, type LayoutObject } from '../../models/layoutTokens.ts';

const S = 33; // a cell is half a place of 16 x 16
const side = 16;
const vocabulary = layoutVocabulary({ vocabularySize: S * S + 1, classCount: 2, maxObjects: 3, encodeCrop: false });

/** Something that an object of a class explains, at a place of the latent. */
interface Hidden {
  readonly kind: number;
  readonly at: readonly [number, number];
}

/**
 * Errors that fall by 1 at a hidden thing's place where a layout has its class there, and rise by 1 under any other
 * object. The energy is their mean.
 */
function answerer(hidden: readonly Hidden[], asked: Question[]): (questions: readonly Question[]) => Promise<Answer[]> {
  return async (questions) => questions.map((question): Answer => {
    asked.push(question);
    const errors = Float32Array.from({ length: side * side }, (_, i) => 5 + Math.sin(i)); // ground that differs more
    const explained = new Set<Hidden>();
    for (const { classIndex, xyxyUnit: [x0, y0, x1, y1] } of decodeLayout(vocabulary, question.tokens).objects) {
      const covers = ({ at: [x, y] }: Hidden): boolean =>
        x + 0.5 > x0 * side && x + 0.5 < x1 * side && y + 0.5 > y0 * side && y + 0.5 < y1 * side;
      const right = hidden.find((thing) => thing.kind === classIndex && covers(thing) && !explained.has(thing));
      if (right) explained.add(right);
      const [x, y] = right ? right.at : [Math.floor(((x0 + x1) / 2) * side), Math.floor(((y0 + y1) / 2) * side)];
      errors[y * side + x]! += right ? -1 : 1;
    }
    return { energy: errors.reduce((sum, error) => sum + error, 0) / errors.length, errors };
  });
}

const energiesOf = (hidden: readonly Hidden[], asked: Question[]): LayoutEnergies =>
  new LayoutEnergies(new Float32Array(1), [0, 1, 2, 3], answerer(hidden, asked));

async function foundFrom(energies: LayoutEnergies, objects: readonly LayoutObject[]): Promise<Found> {
  const tokens = encodeLayout(vocabulary, objects);
  return { tokens, energy: (await energies.of([tokens]))[0]! };
}

const hidden: Hidden[] = [{ kind: 1, at: [3, 12] }, { kind: 0, at: [14, 2] }];

test('finds all that is hidden, with its class and a box over it, and nothing else', async () => {
  const asked: Question[] = [];
  const energies = energiesOf(hidden, asked);
  const start = await foundFrom(energies, []);
  asked.length = 0;
  const { tokens, energy } = await sweep(vocabulary, energies, start, 12);
  const { objects } = decodeLayout(vocabulary, tokens);
  assert.is(objects.length, 2);
  assert.ok(Math.abs(energy - start.energy + 2 / 256) < 1e-6, 'the energy is that of the layout');
  for (const { kind, at: [x, y] } of hidden) {
    const [x0, y0, x1, y1] = objects.find(({ classIndex }) => classIndex === kind)!.xyxyUnit;
    assert.ok(x0 * side <= x + 0.5 && x1 * side >= x + 0.5 && y0 * side <= y + 0.5 && y1 * side >= y + 0.5);
  }
  // 31^2 + 15^2 + 7^2 boxes of two classes, three in a layout, on one block each; and the layout without any of them.
  const tried = 1 + 2 * (321 + 75 + 17);
  assert.is(new Set(asked.slice(0, tried).map(({ block }) => block)).size, 1);
  assert.ok(asked.length - tried <= 4 * 24, `${asked.length - tried} closer looks`);
});

test('boxes of some sizes only cost less', async () => {
  for (const [parts, groups] of [[sweptParts.large, 34 + 17 + 9], [sweptParts.small, 321]] as const) {
    const asked: Question[] = [];
    const energies = energiesOf([], asked);
    await sweep(vocabulary, energies, await foundFrom(energies, []), 1, parts);
    // One closer look at most: on all blocks of one layout, and the start's.
    assert.ok(asked.length >= 1 + 2 * groups && asked.length <= 1 + 2 * groups + 2 * 4, `${asked.length} questions`);
  }
});

test('objects that are there stay, and leave less room', async () => {
  const asked: Question[] = [];
  const energies = energiesOf(hidden, asked);
  const own = [0, 1].map((i) => ({ classIndex: 1, xyxyUnit: [0.5, i / 4, 0.75, 0.25 + i / 4] as const }));
  const start = await foundFrom(energies, own);
  asked.length = 0;
  const { tokens } = await sweep(vocabulary, energies, start, 12);
  assert.equal(tokens.subarray(0, 6), start.tokens.subarray(0, 6));
  assert.is(decodeLayout(vocabulary, tokens).objects.length, 3, 'one of the two, for want of a slot');
  assert.ok(asked.every((question) => String(question.tokens.subarray(0, 6)) === String(tokens.subarray(0, 6))));
});

test('nothing is looked for within what is there', async () => {
  const energies = energiesOf(hidden, []);
  const own = [{ classIndex: 1, xyxyUnit: [0.75, 0, 1, 0.5] as const }];
  const start = await foundFrom(energies, own);
  const { objects } = decodeLayout(vocabulary, (await sweep(vocabulary, energies, start, 12)).tokens);
  assert.equal(objects.map(({ classIndex }) => classIndex), [1, 1]);
  assert.ok(objects[1]!.xyxyUnit[2] <= 0.75);
});

test('nothing is asked where no slot is left, or none is wanted; nothing is added where nothing helps', async () => {
  const asked: Question[] = [];
  const energies = energiesOf([], asked);
  const full = await foundFrom(energies, [0, 1, 2].map((i) =>
    ({ classIndex: 0, xyxyUnit: [i / 4, 0, i / 4 + 0.25, 0.5] as const })));
  const empty = await foundFrom(energies, []);
  asked.length = 0;
  assert.is(await sweep(vocabulary, energies, full, 4), full);
  assert.is(await sweep(vocabulary, energies, empty, 0), empty);
  assert.is(asked.length, 0);
  assert.is(await sweep(vocabulary, energies, empty, 4), empty);
});

test.run();
