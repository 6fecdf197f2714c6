import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { selectClasses } from '../../data/selectClasses.ts';
import { UserError } from '../../engine/errors.ts';

const test = suite('selectClasses');

const box = (id: number, image: number, category: number): object =>
  ({ id, image_id: image, category_id: category, bbox: [0, 0, 1, 1], area: 1, iscrowd: 0 });
const coco = {
  info: 'kept',
  categories: [{ id: 1, name: 'a' }, { id: 2, name: 'b', supercategory: 'kept' }, { id: 3, name: 'c' }],
  images: [{ id: 1, file_name: '1.png', width: 4, height: 4 }, { id: 2, file_name: '2.png', width: 4, height: 4 }],
  annotations: [box(1, 1, 1), box(2, 1, 2), box(3, 2, 1), box(4, 2, 3)],
};

test('boxes of other classes go, images and unknown fields stay, ids too', () => {
  assert.equal(selectClasses(coco, 'f.json', ['b', 'c']), {
    ...coco, categories: coco.categories.slice(1), annotations: [box(2, 1, 2), box(4, 2, 3)],
  });
  assert.equal(selectClasses(coco, 'f.json', ['b']).images, coco.images, 'an image without boxes stays');
});

test('a class that is not there is named, with those that are', () => {
  assert.throws(() => selectClasses(coco, 'f.json', ['a', 'd']), (error: Error) => error instanceof UserError
    && error.message === 'f.json: there is no class "d"; there are a, b, c');
});

test.run();
