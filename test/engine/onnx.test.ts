/**
 * The operator tests of ONNX: definitions (in f64) and kernels against outputs that others computed.
 *
 * All cases of an op are one program, so that kernels which agree are compiled once.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../engine/compile/compile.ts';
import { interpret } from '../../engine/interpret.ts';
import { sameShape } from '../../engine/tensor.ts';
import { testDevice } from '../support/gpu.ts';
import { build, type Expectation } from '../support/onnx.ts';
import { numbersOf, Unsupported, type OnnxCase } from '../support/onnxCall.ts';

/** What the engine has no way to say, or no use for. Anything else that turns up unsupported is a failure. */
const unsupported = new Set([
  'Einsum op', 'ConvTranspose over 3 axes', 'Resize antialias',
  'ScatterElements reduction max', 'ScatterElements reduction min', 'ScatterElements reduction mul',
  'ScatterND reduction max', 'ScatterND reduction min', 'ScatterND reduction mul',
  // Every axis has at least one entry here, and every number is an f32 or an i32.
  'ReduceMax empty tensor', 'ReduceMin empty tensor', 'ReduceSum empty tensor', 'Reshape empty tensor',
  'Slice empty tensor', 'Add values beyond f32',
]);

/** Cases whose expected values are written with few digits. */
const tolerances: Readonly<Record<string, number>> = { test_averagepool_2d_ceil_last_window_starts_on_pad: 1e-4 };

const folder = join(process.env['ORACLE_DIR'] ?? '../shared/data/oracle', 'onnx');

function readCases(): OnnxCase[] {
  return ['node', 'pytorch'].flatMap((set) => readdirSync(join(folder, set)).filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(folder, set, file), 'utf8')) as OnnxCase));
}

interface Built {
  readonly name: string;
  readonly outputs: readonly Expectation[];
}

const skipped: string[] = [];
let passed = 0;

function buildAll(cases: readonly OnnxCase[]): Built[] {
  return cases.flatMap((spec) => {
    try {
      return [{ name: spec.name, outputs: build(spec) }];
    } catch (error) {
      if (!(error instanceof Unsupported)) {
        throw new Error(`${spec.name}: ${(error as Error).message}`, { cause: error });
      }
      skipped.push(`${error.message} (${spec.name.replace(/^test_/, '')})`);
      assert.ok(unsupported.has(error.message), `${spec.name}: unsupported, but not listed as such: ${error.message}`);
      return [];
    }
  });
}

/** First place where values differ by more than `tolerance`, absolute below 1 and relative above; or null. */
function difference(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): string | null {
  if (actual.length !== expected.length) return `${actual.length} values instead of ${expected.length}`;
  const at = expected.findIndex((value, i) => !Object.is(actual[i], value) && actual[i] !== value
    && !(Math.abs(actual[i]! - value) <= tolerance * Math.max(1, Math.abs(value))));
  return at < 0 ? null : `${actual[at]} instead of ${expected[at]} at ${at}`;
}

async function checkAll(op: string, cases: readonly OnnxCase[]): Promise<void> {
  const built = buildAll(cases);
  if (built.length === 0) return;
  const all = built.flatMap(({ outputs }) => outputs);
  const program = await compile(await testDevice(), {
    name: op, outputs: Object.fromEntries(all.map(({ actual }, i) => [`${i}`, actual])),
  });
  program.run();
  const defined = interpret(all.map(({ actual }) => actual), {});
  const failures: string[] = [];
  let at = 0;
  for (const { name, outputs } of built) {
    const before = failures.length;
    for (const { actual, expected } of outputs) {
      const values = numbersOf(expected);
      const dims = sameShape(actual.shape, expected.dims) ? null : `[${actual.shape}] instead of [${expected.dims}]`;
      const definition = difference(defined[at]!, values, tolerances[name] ?? 1e-5);
      const kernel = difference(await program.read(`${at}`), values, tolerances[name] ?? 2e-5);
      if (dims) failures.push(`${name}: shape ${dims}`);
      if (definition) failures.push(`${name}: the definition gives ${definition}`);
      if (kernel) failures.push(`${name}: the kernel gives ${kernel}`);
      at++;
    }
    if (failures.length === before) passed++;
  }
  program.destroy();
  assert.ok(failures.length === 0, failures.join('\n'));
}

if (existsSync(folder)) {
  const byOp = new Map<string, OnnxCase[]>();
  for (const spec of readCases()) {
    const op = spec.nodes.find((node) => node.op !== 'Constant')!.op;
    byOp.set(op, [...(byOp.get(op) ?? []), spec]);
  }
  for (const [op, cases] of [...byOp].sort()) test(`${op}: ${cases.length} cases`, () => checkAll(op, cases));
  test.after(() => {
    console.log(`onnx: ${passed} cases pass, ${skipped.length} unsupported:\n  ${skipped.sort().join('\n  ')}`);
  });
} else {
  test.skip(`ONNX cases: ${folder} is absent`, () => undefined);
}

test.run();
