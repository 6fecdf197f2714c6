import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { targetsOf } from '../../tools/detectTargets.ts';
import { rejects } from '../data/rejects.ts';

const test = suite<{ dir: string }>('tools: detectTargets', { dir: '' });
test.before((context) => { context.dir = mkdtempSync(join(tmpdir(), 'targets-')); });
test.after(({ dir }) => rmSync(dir, { recursive: true }));

test('of a folder the pictures of every format, in order of their names; a file that is named is taken as it is',
  async ({ dir }) => {
    await rejects(targetsOf({ images: [dir] }, []), /holds no pictures \(\.jpg .*\.avif\)/);
    const picture = sharp({ create: { width: 6, height: 4, channels: 3, background: 'red' } });
    for (const [name, format] of [['b.AVIF', 'avif'], ['c.gif', 'gif'], ['a.jpg', 'jpeg'], ['d', 'png']] as const) {
      await picture.clone().toFormat(format).toFile(join(dir, name));
    }
    const found = async (...images: string[]): Promise<unknown> => (await targetsOf({ images }, []))
      .map(({ image: { id, fileName, width, height } }) => [id, fileName, width, height]);
    assert.equal(await found(dir), [[1, 'a.jpg', 6, 4], [2, 'b.AVIF', 6, 4], [3, 'c.gif', 6, 4]]);
    assert.equal(await found(join(dir, 'd')), [[1, 'd', 6, 4]]);
  });

test.run();
