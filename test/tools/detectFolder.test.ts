// The folder of a detection: whose records it may be gone on with.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../engine/errors.ts';
import { DetectFolder } from '../../tools/detectFolder.ts';

test('a picture that takes the id of another is refused, more pictures are not', () => {
  const dir = mkdtempSync(join(tmpdir(), 'detect-'));
  writeFileSync(join(dir, 'inversions.jsonl'), '{"imageId":1,"fileName":"a.png"}\n{"imageId":2,"fileName":"b.png"}\n');
  const folder = new DetectFolder(dir);
  folder.expectPictures([{ id: 2, fileName: 'b.png' }, { id: 3, fileName: 'c.png' }]);
  assert.throws(() => folder.expectPictures([{ id: 1, fileName: 'a.png' }, { id: 2, fileName: 'aa.png' }]),
    (error: unknown) => error instanceof UserError
      && error.message === `${dir}: picture 2 was b.png, not aa.png; choose another --out`);
  rmSync(dir, { recursive: true });
});

test.run();
