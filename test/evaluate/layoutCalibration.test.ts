import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compareStatistics, layoutStatistics } from '../../evaluate/layoutCalibration.ts';
import { likelihoodPage } from '../../evaluate/report/likelihoodPage.ts';

const box = (classIndex: number, side = 0.5) => ({ classIndex, xyxyUnit: [0, 0, side, side] as const });

const layouts = [[box(0), box(0), box(2)], [box(1)], [box(2), box(0)], []];

test('counts objects, classes and classes together', () => {
  const { objectCounts, classes, together, sizes, places } = layoutStatistics(layouts, 3, 4);
  assert.equal(objectCounts, [0.25, 0.25, 0.25, 0.25, 0]);
  assert.equal(classes, [0.5, 1 / 6, 1 / 3]);
  assert.equal(together, [0.25, 0, 0.5, 0, 0, 0, 0, 0, 0], 'class 0 twice in one layout, 0 and 2 in two');
  assert.is(sizes[10], 1);
  assert.is(places[2 * 8 + 2], 1, 'boxes of half the side in the corner have their centre at a quarter');
});

test('distances are zero between likes and one between strangers', () => {
  const a = layoutStatistics(layouts, 3, 4);
  const same = compareStatistics(a, a);
  assert.equal([same.objectCounts, same.classes, same.sizes, same.places, same.pairs], [0, 0, 0, 0, 0]);
  assert.ok(Math.abs(same.together - 1) < 1e-12);
  const b = layoutStatistics([[box(1, 0.1), box(1, 0.1), box(1, 0.1), box(1, 0.1)]], 3, 4);
  const apart = compareStatistics(a, b);
  assert.equal([apart.objectCounts, apart.sizes, apart.places, apart.pairs], [1, 1, 1, 1]);
  assert.ok(apart.together < 0.1);
});

test('the page shows figures, plots and pairs', () => {
  const statistics = layoutStatistics(layouts, 3, 4);
  const model = {
    about: 'it', perLayout: 30, perObject: 10, perObjectOfSet: 9, perToken: 3, standardError: 0.1,
    parts: { classes: 2, topLeft: 4, bottomRight: 4 },
  };
  const html = likelihoodPage({
    title: 'a <run>',
    likelihood: {
      layouts: 4, objects: 6, tokens: 22, order: 'random', orders: 4, fitted: 'to 9 other layouts', ratio: 0.8,
      bestBaseline: '2-gram',
      models: [{ name: 'prior', ...model }, { name: '2-gram', ...model }], gain: { nats: 2.5, standardError: 0.2 },
      ofSets: { bestBaseline: 'unigram', ratio: 0.777 },
    },
    sets: [
      { name: 'measured', statistics, calibration: null },
      { name: 'drawn', statistics, calibration: compareStatistics(statistics, statistics) },
    ],
    classes: ['cat', 'dog', 'owl'], sheet: 'layouts.png',
  });
  const texts = ['a &lt;run&gt;', '2.500 ± 0.200', 'cat, owl', 'cat, twice', 'Number of objects', '0.800',
    'prior / unigram', '0.777', 'pairs of classes', 'layouts.png'];
  for (const text of texts) assert.ok(html.includes(text), text);
  assert.ok((html.match(/<svg/g) ?? []).length >= 5);
});

test.run();
