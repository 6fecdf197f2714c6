// Bundles every command line and every test file to dist/ with esbuild; .wgsl files become strings.
// Usage: node tools/build.mjs [--tests]
import { build } from 'esbuild';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const walk = (dir) =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? walk(join(dir, entry.name)) : [join(dir, entry.name)]);

const tests = process.argv.includes('--tests');
const tools = readdirSync('tools').filter((name) => name.endsWith('.ts')).map((name) => join('tools', name));
const entryPoints = tests ? [...tools, ...walk('test').filter((name) => name.endsWith('.test.ts'))] : tools;

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints,
  outdir: 'dist',
  outbase: '.',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: 'linked',
  loader: { '.wgsl': 'text' },
  logLevel: 'warning',
});
