import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ClassNeighbours } from '../../invert/classNeighbours.ts';

test('the nearest rows come first, equals by index, the class itself not at all', () => {
  // Points of a plane: 0 at the origin, 1 far, 2 and 3 equally near, 4 between.
  const neighbours = new ClassNeighbours(Float32Array.of(0, 0, 9, 9, 1, 0, 0, 1, 2, 2), 5);
  assert.equal(neighbours.of(0), [2, 3, 4, 1]);
  assert.equal(neighbours.of(1), [4, 2, 3, 0]);
  assert.is(neighbours.of(0), neighbours.of(0), 'sorted once');
});

test.run();
