import {
  Device
} from "./chunk-IBDXW56B.js";
import {
  UserError
} from "./chunk-Q54TM6M7.js";

// tools/cli.ts
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { SingleBar } from "cli-progress";
import { Command, CommanderError, InvalidArgumentError } from "commander";
function command(name, description, example) {
  return new Command(name).description(description).exitOverride().configureOutput({ writeErr: () => void 0 }).helpOption("-h, --help", "show this help").addHelpText("after", `
Example:
  ${example}`);
}
function withDevice(target, seed = 0) {
  const seeded = seed === null ? target.option("--seed <number>", "seed of all random draws (default: the preset's)", integer) : target.option("--seed <number>", "seed of all random draws", integer, seed);
  return seeded.option("--adapter <name>", "part of the name of the GPU adapter to use").option(
    "--mode <safe|fast>",
    "safe validates every access, fast does not; results are the same",
    oneOf("safe", "fast"),
    "fast"
  );
}
function integer(text) {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value)) {
    throw new InvalidArgumentError(`must be a whole number, found '${text}'.`);
  }
  return value;
}
function positiveInteger(text) {
  const value = integer(text);
  if (value < 1) throw new InvalidArgumentError(`must be at least 1, found ${value}.`);
  return value;
}
function real(text) {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    throw new InvalidArgumentError(`must be a number, found '${text}'.`);
  }
  return value;
}
var oneOf = (...words) => (text) => {
  if (!words.includes(text)) throw new InvalidArgumentError(`must be ${words.join(", ")}; found '${text}'.`);
  return text;
};
function required(value, option) {
  if (value === void 0) throw new UserError(`${option} is missing; --help lists the options`);
  return value;
}
function splitOverrides(argv) {
  const rest = [];
  const overrides = {};
  for (let i = 0; i < argv.length; i++) {
    const match = /^--([A-Za-z]\w*(?:\.\w+)+)(?:=(.*))?$/s.exec(argv[i]);
    if (!match) {
      rest.push(argv[i]);
      continue;
    }
    overrides[match[1]] = match[2] ?? argv[++i] ?? "";
  }
  return { argv: rest, overrides };
}
var commandObserver = null;
function observeCommand(observer) {
  commandObserver = observer;
}
async function openDevice(options) {
  const device = await Device.open(commandObserver ? { ...options, timestamps: true } : options);
  const kind = device.capabilities.software ? ", a software adapter: far slower than a GPU" : "";
  console.log(`adapter: ${device.name}${kind}`);
  await commandObserver?.opened(device);
  return device;
}
function interruptSignal() {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      console.error("\ninterrupted: saving (once more to stop at once)");
      controller.abort();
    });
  }
  return controller.signal;
}
var Progress = class {
  constructor(label, total) {
    this.label = label;
    this.total = total;
    this.bar = process.stdout.isTTY ? new SingleBar({ format: `${label} {bar} {value}/{total}  {rate}  {left} s left  {note}`, hideCursor: true }) : null;
    this.bar?.start(total, 0, { rate: "", left: "-", note: "" });
  }
  label;
  total;
  bar;
  lastLine = Date.now();
  /** Where and when the rate is counted from: a resumed run does not begin at nothing. */
  from = null;
  /** `done` may have a fraction. */
  update(done, note = "") {
    this.from ??= { done: Math.max(0, Math.ceil(done) - 1), time: Date.now() };
    const seconds = Math.max((Date.now() - this.from.time) / 1e3, 1e-3);
    const perSecond = Math.max((done - this.from.done) / seconds, 1e-6);
    const rate = perSecond >= 1 ? `${perSecond.toFixed(1)}/s` : `${(1 / perSecond).toFixed(1)} s each`;
    const left = Math.round((this.total - done) / perSecond);
    if (this.bar) {
      this.bar.update(Math.floor(done), { rate, left, note });
    } else if (Date.now() - this.lastLine > 5e3 || done === this.total) {
      this.lastLine = Date.now();
      console.log(`${this.label} ${Math.floor(done)}/${this.total}  ${rate}  ${left} s left${note ? `  ${note}` : ""}`);
    }
  }
  stop() {
    this.bar?.stop();
  }
};
function writeJson(file, figures) {
  if (file === void 0) return;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(figures, null, 2)}
`);
  } catch (error) {
    throw new UserError(`--json ${file}: cannot be written (${error.message})`);
  }
}
async function runCommand(root, argv) {
  try {
    await root.parseAsync([...argv], { from: "user" });
    await commandObserver?.finished();
    process.exit(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) process.exit(0);
    if (error instanceof CommanderError || error instanceof UserError) {
      const text = error.message.replace(/^error: /, "").replaceAll("\n", " ").trim();
      console.error(`${root.name()}: ${text}${error instanceof CommanderError ? "; --help lists the options" : ""}`);
      process.exit(2);
    }
    console.error(error);
    process.exit(1);
  }
}

export {
  command,
  withDevice,
  integer,
  positiveInteger,
  real,
  oneOf,
  required,
  splitOverrides,
  observeCommand,
  openDevice,
  interruptSignal,
  Progress,
  writeJson,
  runCommand
};
//# sourceMappingURL=chunk-26JDG3OC.js.map
