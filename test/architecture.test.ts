import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const walk = (dir: string): string[] =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? walk(join(dir, entry.name)) : [join(dir, entry.name)]);

// What each folder may import from, besides itself.
const allowed: Record<string, readonly string[]> = {
  engine: [],
  models: ['engine'],
  data: ['engine', 'models'],
  draw: ['engine', 'models', 'data'],
  pipeline: ['engine', 'models', 'data'],
  train: ['engine', 'models', 'data', 'draw', 'pipeline'],
  invert: ['engine', 'models', 'data', 'draw', 'pipeline'],
  evaluate: ['engine', 'models', 'data', 'draw', 'pipeline'],
  tools: ['engine', 'models', 'data', 'draw', 'pipeline', 'train', 'invert', 'evaluate'],
};

const sources = Object.keys(allowed).flatMap(walk).filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));

test('imports point one way', () => {
  for (const file of sources) {
    const folder = file.split('/')[0]!;
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/from '(\.[^']*)'/g)) {
      const path = normalize(join(dirname(file), target!));
      const inside = path.startsWith(`${folder}/`);
      const permitted = allowed[folder]!.some((place) => path === place || path.startsWith(`${place}/`));
      assert.ok(inside || permitted,
        `${file} imports ${path}; ${folder} may import ${allowed[folder]!.join(', ') || 'nothing'}`);
      assert.ok(existsSync(path), `${file} imports ${path}, which does not exist`);
    }
  }
});

test('every op and every shader has its namesakes', () => {
  const ops = walk('engine/ops').map((file) => basename(file, '.ts')).filter((stem) => stem !== 'index');
  const tested = walk('test/engine/ops').map((file) => basename(file, '.test.ts'));
  // Leaves have no kernel; pack is tested with the optimiser that it exists for; views hold pad and reduce as well;
  // the parts of attention and what row kernels share are tested through their users.
  const elsewhere: Record<string, string> = {
    leaf: 'optim', pack: 'optim', pad: 'view', reduce: 'view', attentionGrad: 'attention',
    attentionSizes: 'attention', attentionStored: 'attention', rowKernel: 'softmax',
  };
  for (const stem of ops) {
    assert.ok(tested.includes(stem) || elsewhere[stem] !== undefined,
      `engine/ops/${stem}.ts has no test/engine/ops/${stem}.test.ts`);
  }
  const code = sources.filter((file) => file.startsWith('engine/'))
    .map((file) => readFileSync(file, 'utf8')).join('\n');
  for (const shader of walk('engine/shaders').filter((file) => file.endsWith('.wgsl'))) {
    assert.ok(code.includes(`shaders/${basename(shader)}'`), `${shader} is used by no op`);
  }
});

test('the header of a shader lists the bindings that it declares', () => {
  for (const shader of walk('engine/shaders').filter((file) => file.endsWith('.wgsl'))) {
    const text = readFileSync(shader, 'utf8');
    const header = text.split('\n').filter((line) => line.startsWith('//')).join('\n');
    assert.match(header, new RegExp(`^// ${basename(shader, '.wgsl')}\\b`),
      `${shader}: the header begins with its name`);
    // Fragments that other shaders are put together from have no entry point, and nothing to bind.
    const sections = text.includes('@compute') ? ['bindings', 'workgroup', 'grid', 'cost'] : [];
    for (const section of sections) {
      assert.ok(header.includes(section), `${shader}: the header says nothing of ${section}`);
    }
    const declared = /@binding\((\d+)\)\s*var<storage,\s*(read_write|read)>\s*(\w+)/g;
    for (const [, binding, access, name] of text.matchAll(declared)) {
      assert.match(header, new RegExp(`\\b${binding}\\s+${name}\\s+${access}\\b`),
        `${shader}: the header lacks "${binding}  ${name}  ${access}"`);
    }
  }
});

test('budgets: no file is a labyrinth', () => {
  const code = [...Object.keys(allowed), 'test'].flatMap(walk).filter((file) => /\.(ts|wgsl|mjs)$/.test(file));
  const long = [...code, 'setup.sh'].flatMap((file) => {
    const lines = readFileSync(file, 'utf8').split('\n');
    const wide = lines.flatMap((line, i) => (line.length > 120 ? [`${file}:${i + 1} is over 120 columns`] : []));
    return [...(lines.length > 420 ? [`${file}: ${lines.length} lines`] : []), ...wide];
  });
  if (long.length > 0) console.log(`over budget (soft): ${long.join('; ')}`);
  assert.ok(long.every((entry) => !/over 120 columns|: [6-9]\d\d lines|: \d{4,} lines/.test(entry)), long.join('; '));
});

test.run();
