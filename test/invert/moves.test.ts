import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compactLayout, neighbours, withoutObject } from '../../invert/moves.ts';
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

test('neighbours are legal, compact, different from each other and from their start', () => {
  const small = [2, cell(2, 0), cell(3, 1)];
  for (const tokens of [layout(middle, none, none), layout(whole, middle, none), layout(small, middle, whole)]) {
    const found = neighbours(vocabulary, tokens);
    for (const next of found) {
      for (let n = 0; n < 3; n++) assert.ok(['absent', null].includes(tripleFault(vocabulary, next, n)), `${next}`);
      assert.equal(compactLayout(vocabulary, next), next);
      assert.equal([...next.subarray(9)], crop);
    }
    const keys = [...found, tokens].map(String);
    assert.is(new Set(keys).size, keys.length);
  }
});

test('neighbours by hand', () => {
  const boxes = neighbours(vocabulary, layout(middle, none, none)).map((next) => [...next.subarray(0, 3)]);
  const grown = [[0, 1, 2, 2], [1, 0, 2, 2], [1, 1, 3, 2], [1, 1, 2, 3]];
  const shifted = [[2, 1, 3, 2], [0, 1, 1, 2], [1, 2, 2, 3], [1, 0, 2, 1]];
  const expected = [...grown, ...shifted].map(([x0, y0, x1, y1]) => [1, cell(x0!, y0!), cell(x1!, y1!)]);
  const others = [[0, middle[1]!, middle[2]!], [2, middle[1]!, middle[2]!], none];
  const sorted = (rows: number[][]): string[] => rows.map(String).sort();
  // Every edge inwards would leave no area.
  assert.equal(sorted(boxes), sorted([...expected, ...others]));
  // From the edges of the picture there is only inwards: four moves, two classes, and out.
  assert.is(neighbours(vocabulary, layout(whole, none, none)).length, 7);
  assert.equal(neighbours(vocabulary, layout(none, none, none)), []);
});

test.run();
