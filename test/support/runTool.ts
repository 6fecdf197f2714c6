/** Command lines as a user runs them: processes, their exit status and what they print. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';

/** Folder of the built command lines. */
const toolsDir = resolve(process.env['TOOLS_DIR'] ?? join('dist', 'tools'));

export interface ToolResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ToolOptions {
  readonly cwd: string;
  /** Sends Ctrl-C once, when the output so far matches. */
  readonly interruptAt?: RegExp;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What Dawn itself says when it opens some adapters; no line of ours. */
const adapterNotes = /^Warning: maxDynamic.*\n/gm;

/** Runs `<toolsDir>/<name>.js`. */
export function runTool(name: string, args: readonly string[],
  { cwd, interruptAt, env }: ToolOptions): Promise<ToolResult> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, ['--enable-source-maps', join(toolsDir, `${name}.js`), ...args], {
      // Kernels are chosen by rules unless a test is about their choice: measuring takes time and depends on the load.
      cwd, env: { ...process.env, DIVE_TUNE: '0', ...env },
    });
    const output = { stdout: '', stderr: '' };
    let interrupted = false;
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].on('data', (data: Buffer) => {
        output[stream] += data.toString();
        if (!interrupted && interruptAt?.test(output.stdout)) {
          interrupted = true;
          child.kill('SIGINT');
        }
      });
    }
    child.on('error', fail);
    child.on('close', (status) =>
      done({ status, stdout: output.stdout, stderr: output.stderr.replace(adapterNotes, '') }));
  });
}

/** Runs a tool that must succeed; returns what it printed. */
export async function assertRuns(name: string, args: readonly string[], options: ToolOptions): Promise<string> {
  const { status, stdout, stderr } = await runTool(name, args, options);
  assert.is(status, 0, `${name} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Runs a tool that must end with status 2 and one line that matches. */
export async function assertRefused(name: string, args: readonly string[], pattern: RegExp, options: ToolOptions):
  Promise<void> {
  const { status, stderr } = await runTool(name, args, options);
  const what = `${name} ${args.join(' ')}: status ${status}, ${stderr}`;
  assert.is(status, 2, what);
  assert.ok(pattern.test(stderr), `${what} does not match ${pattern}`);
  assert.is(stderr.trimEnd().split('\n').length, 1, `${what} is more than one line`);
}
