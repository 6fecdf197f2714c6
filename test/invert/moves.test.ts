import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ErrorMap } from '../../invert/errorMap.ts';
import {
  applyMove, compactLayout, cuttingMoves, localMoves, objectsIn, proposalMoves, shrinkingMoves, tripleIou, triplesOf,
  withoutObject, type Change, type Move, type Triple,
} from '../../invert/moves.ts';
import { layoutVocabulary, tripleFault } from '../../models/layoutTokens.ts';

// A 4 x 4 grid, three classes, three slots, and crop tokens that no move may touch.
const vocabulary = layoutVocabulary({ vocabularySize: 17, classCount: 3, maxObjects: 3, encodeCrop: true });
const none = [16, 16, 16];
const crop = [0, 15];
const cell = (x: number, y: number): number => 4 * y + x;
/** Class 1 in the middle, with room on all sides. */
const middle = [1, cell(1, 1), cell(2, 2)];
/** Class 0 over everything. */
const whole = [0, cell(0, 0), cell(3, 3)];
/** The one change of a move. */
function only(move: Move): Change {
  assert.is(move.length, 1);
  return move[0]!;
}
const layout = (...triples: number[][]): Int32Array => Int32Array.from([...triples, crop].flat());

test('compactLayout moves objects to the front and drops what is none', () => {
  const partial = [2, 16, cell(3, 3)];
  const flat = [2, cell(1, 1), cell(3, 1)];
  assert.equal(compactLayout(vocabulary, layout(none, middle, none)), layout(middle, none, none));
  assert.equal(compactLayout(vocabulary, layout(partial, middle, whole)), layout(middle, whole, none));
  assert.equal(compactLayout(vocabulary, layout(flat, none, whole)), layout(whole, none, none));
  assert.equal(compactLayout(vocabulary, layout(none, none, none)), layout(none, none, none));
  assert.equal(compactLayout(vocabulary, layout(whole, middle, none)), layout(whole, middle, none), 'order is kept');
});

test('withoutObject takes one out and closes the gap', () => {
  const tokens = layout(whole, middle, whole);
  assert.equal(withoutObject(vocabulary, tokens, 0), layout(middle, whole, none));
  assert.equal(withoutObject(vocabulary, tokens, 1), layout(whole, whole, none));
  assert.equal(tokens, layout(whole, middle, whole), 'the layout itself stays');
});

test('of two objects of one class that overlap too much the later one goes', () => {
  const big = [1, cell(0, 0), cell(3, 3)];
  const most = [1, cell(0, 0), cell(3, 2)];
  assert.is(tripleIou(vocabulary, big as unknown as Triple, most as unknown as Triple), 2 / 3);
  assert.is(tripleIou(vocabulary, [0, cell(0, 0), cell(1, 1)], [0, cell(1, 1), cell(2, 2)]), 0);
  assert.equal(compactLayout(vocabulary, layout(big, most, none), 0.6), layout(big, none, none));
  assert.equal(compactLayout(vocabulary, layout(most, big, none), 0.6), layout(most, none, none), 'the first stays');
  assert.equal(compactLayout(vocabulary, layout(big, most, none), 0.7), layout(big, most, none));
  assert.equal(compactLayout(vocabulary, layout(big, whole, none), 0.6), layout(big, whole, none), 'another class');
  assert.equal(compactLayout(vocabulary, layout(big, big, none)), layout(big, big, none), '1 keeps both');
});

test('local moves are legal, different from each other, and of the slot that they name', () => {
  const small = [2, cell(2, 0), cell(3, 1)];
  for (const tokens of [layout(middle, none, none), layout(whole, middle, none), layout(small, middle, whole)]) {
    const moves = localMoves(vocabulary, tokens);
    const moved = moves.map((move) => applyMove(vocabulary, tokens, move));
    for (const [i, next] of moved.entries()) {
      for (let n = 0; n < 3; n++) assert.ok(['absent', null].includes(tripleFault(vocabulary, next, n)), `${next}`);
      assert.equal(compactLayout(vocabulary, next), next);
      assert.equal([...next.subarray(9)], crop);
      const { slot, triple } = only(moves[i]!);
      if (triple) assert.equal([...next.subarray(3 * slot, 3 * slot + 3)], [...triple]);
    }
    const keys = [...moved, tokens].map(String);
    assert.is(new Set(keys).size, keys.length);
  }
});

test('local moves by hand', () => {
  const boxes = localMoves(vocabulary, layout(middle, none, none)).map((move) => only(move).triple ?? none);
  const grown = [[0, 1, 2, 2], [1, 0, 2, 2], [1, 1, 3, 2], [1, 1, 2, 3]];
  const shifted = [[2, 1, 3, 2], [0, 1, 1, 2], [1, 2, 2, 3], [1, 0, 2, 1]];
  const expected = [...grown, ...shifted].map(([x0, y0, x1, y1]) => [1, cell(x0!, y0!), cell(x1!, y1!)]);
  const others = [[0, middle[1]!, middle[2]!], [2, middle[1]!, middle[2]!], none];
  const sorted = (rows: readonly (readonly number[])[]): string[] => rows.map(String).sort();
  // Every edge inwards would leave no area.
  assert.equal(sorted(boxes), sorted([...expected, ...others]));
  // From the edges of the picture there is only inwards: four moves, two classes, and out.
  assert.is(localMoves(vocabulary, layout(whole, none, none)).length, 7);
  assert.equal(localMoves(vocabulary, layout(none, none, none)), []);
  const far = localMoves(vocabulary, layout(whole, none, none), 2)
    .flatMap((move) => (only(move).triple ? [only(move).triple!] : []));
  assert.equal(sorted(far.filter(([kind]) => kind === 0)), sorted([
    [0, cell(2, 0), cell(3, 3)], [0, cell(0, 2), cell(3, 3)], [0, cell(0, 0), cell(1, 3)], [0, cell(0, 0), cell(3, 1)],
  ]), 'by two cells');
});

test('moves of several slots at once; one left out closes the gap', () => {
  const tokens = layout(whole, middle, none);
  const added = { slot: 2, triple: [2, cell(0, 0), cell(1, 1)] as Triple };
  assert.equal(applyMove(vocabulary, tokens, [{ slot: 0, triple: null }, added]),
    layout(middle, [2, cell(0, 0), cell(1, 1)], none));
  assert.equal(tokens, layout(whole, middle, none), 'the layout itself stays');
});

test('objects of other layouts: into the empty slot, or over what they overlap', () => {
  const near = [2, cell(1, 1), cell(3, 3)];
  const proposed = (own: Int32Array, ...others: Int32Array[]): string[] =>
    proposalMoves(vocabulary, own, others.flatMap((other) => triplesOf(vocabulary, other)))
      .map((move) => `${only(move).slot}: ${only(move).triple}`).sort();
  const own = layout(middle, none, none);
  const corner = [0, cell(0, 0), cell(1, 1)];
  assert.equal(proposed(own, own), [], 'its own are no news');
  assert.equal(proposed(own, layout(corner, none, none), layout(middle, corner, none)), [`1: ${corner}`], 'once each');
  // 1 of 4 cells in common: too little to take its place. All of it within one of twice the area: enough.
  assert.equal(proposed(own, layout(near, none, none)), [`1: ${near}`]);
  const wide = [1, cell(1, 1), cell(3, 2)];
  assert.equal(proposed(own, layout(wide, none, none)), [`0: ${wide}`, `1: ${wide}`]);
  assert.equal(proposed(layout(middle, whole, corner), layout(near, none, none)),
    [`0: ${near}`, `1: ${near}`, `2: ${near}`], 'no slot is empty: over any');
});

test('an object in each box of every class', () => {
  assert.equal(objectsIn(vocabulary, [[0, 1, 2, 3], [1, 1, 2, 2]]), [
    [0, cell(0, 1), cell(2, 3)], [1, cell(0, 1), cell(2, 3)], [2, cell(0, 1), cell(2, 3)],
    [0, cell(1, 1), cell(2, 2)], [1, cell(1, 1), cell(2, 2)], [2, cell(1, 1), cell(2, 2)],
  ]);
});

// Three by three places, a cell each: the left column and the right one are explained, the middle one is not.
const columns = new ErrorMap(Float64Array.of(0, 1, 0, 0, 1, 0, 0, 1, 0.1), 4);
const left = [0, cell(0, 0), cell(1, 3)];

test('an object shrinks to what it explains', () => {
  assert.equal(shrinkingMoves(vocabulary, layout(whole, none, none), columns), [[{ slot: 0, triple: left }]]);
  assert.equal(shrinkingMoves(vocabulary, layout(left, none, none), columns), [], 'it explains all');
  assert.equal(shrinkingMoves(vocabulary, layout([0, cell(1, 0), cell(2, 3)], none, none), columns), [], 'or nothing');
});

test('an object is cut into the parts that explain most; one keeps its class', () => {
  const after = (tokens: Int32Array): string[] =>
    cuttingMoves(vocabulary, tokens, columns).map((move) => applyMove(vocabulary, tokens, move).subarray(0, 6).join());
  const right = (kind: number): number[] => [kind, cell(2, 0), cell(3, 3)];
  const beside = [0, 1, 2].flatMap((kind) => [[left, right(kind)], [right(0), [kind, left[1]!, left[2]!]]]).map(String);
  const found = after(layout(whole, none, none));
  for (const text of beside) assert.ok(found.includes(text), `${text} of ${found.join(' | ')}`);
  const halved = [0, 1, 2].map((kind) => String([[0, cell(0, 0), cell(3, 1)], [kind, cell(0, 1), cell(3, 3)]]));
  for (const text of halved) assert.ok(found.includes(text), `${text} of ${found.join(' | ')}`);
  assert.is(found.length, 4 * beside.length, 'and as many above each other, and halves both ways');
  assert.equal(after(layout(whole, whole, whole)), [], 'no slot is empty');
});

test.run();
