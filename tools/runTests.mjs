// Runs the bundled test files, each in a process of its own, as many at a time as there are cores.
// A process that ends before its suite has finished counts as a failure.
// Usage: node tools/runTests.mjs [part of a path]
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const walk = (dir) =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? walk(join(dir, entry.name)) : [join(dir, entry.name)]);

const wanted = process.argv[2] ?? '';
const files = walk('dist/test').filter((file) => file.endsWith('.test.js') && file.includes(wanted)).sort();
// Kernels must give the same results with and without validation, so what runs on the GPU is run in both modes.
const jobs = files.flatMap((file) =>
  (file.includes(join('test', 'engine')) ? ['safe', 'fast'] : ['safe']).map((mode) => ({ file, mode })));
const totals = { passed: 0, failed: 0, skipped: 0 };

function runFile({ file, mode }) {
  return new Promise((resolve) => {
    const started = Date.now();
    const child = spawn(process.execPath, ['--enable-source-maps', file], { env: { ...process.env, TEST_MODE: mode } });
    let output = '';
    child.stdout.on('data', (data) => { output += data; });
    child.stderr.on('data', (data) => { output += data; });
    const timer = setTimeout(() => child.kill('SIGKILL'), 15 * 60 * 1000);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const count = (name) => [...output.matchAll(new RegExp(`^ *${name}: +(\\d+)`, 'gm'))]
        .reduce((n, m) => n + Number(m[1]), 0);
      const [total, passed, skipped] = [count('Total'), count('Passed'), count('Skipped')];
      const unfinished = total + skipped === 0 || (code !== 0 && passed + skipped === total);
      const failed = Math.max(total - passed - skipped, 0) + (unfinished ? 1 : 0);
      totals.passed += passed;
      totals.failed += failed;
      totals.skipped += skipped;
      const name = file.replace(/^dist\//, '').replace(/\.js$/, '.ts');
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      const counts = `${passed} passed${skipped ? `, ${skipped} skipped` : ''}`;
      console.log(`${failed ? 'FAIL' : 'ok  '} ${name} (${mode}, ${counts}, ${seconds} s)`);
      if (failed) console.log(output + (unfinished ? `\n${name} ended early (${signal ?? `status ${code}`})\n` : ''));
      resolve();
    });
  });
}

const queue = [...jobs];
const worker = async () => {
  while (queue.length > 0) await runFile(queue.shift());
};
await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, worker));
console.log(`${totals.passed} passed, ${totals.failed} failed${totals.skipped ? `, ${totals.skipped} skipped` : ''}`);
process.exit(totals.failed > 0 || totals.passed === 0 ? 1 : 0);
