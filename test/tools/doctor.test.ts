// The command that says what there is to compute on.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertRuns } from '../support/runTool.ts';

const test = suite('tools: doctor', { cwd: '' });

test.before((context) => { context.cwd = mkdtempSync(join(tmpdir(), 'doctor-')); });
test.after(({ cwd }) => rmSync(cwd, { recursive: true }));

test('names the adapter, its limits and peaks, and where measured kernels are kept', async ({ cwd }) => {
  const env = { DIVE_CACHE: join(cwd, 'cache') };
  const printed = await assertRuns('doctor', ['--json', 'doctor.json'], { cwd, env });
  const { adapter, limits, kernels } = JSON.parse(readFileSync(join(cwd, 'doctor.json'), 'utf8'));
  assert.ok(printed.includes(adapter) && limits.maxBufferSize > 0);
  assert.match(kernels, /cache.kernels-[0-9a-f]{16}\.json$/);
  assert.ok(kernels.startsWith(env.DIVE_CACHE) && printed.includes(`0 kinds of work, in ${kernels}`));
});

test.run();
