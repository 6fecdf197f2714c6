import {
  grad
} from "./chunk-KTCMITE2.js";
import {
  compile
} from "./chunk-35FDYTRM.js";
import {
  State
} from "./chunk-F6TGNQ67.js";
import {
  add,
  cast,
  cos,
  div,
  maximum,
  minimum,
  mul,
  reshape,
  slice,
  sqrt,
  square,
  stateTensor,
  sub,
  sum,
  table
} from "./chunk-AMP7OYK6.js";
import {
  RandomStream
} from "./chunk-A26XEMZC.js";
import {
  check
} from "./chunk-Q54TM6M7.js";

// engine/optim.ts
var adamWDefaults = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 };
var AdamW = class {
  constructor(targets, options = adamWDefaults) {
    this.targets = targets;
    this.options = options;
    this.first = targets.map(({ name, type }) => new State(`${name} first moment`, type));
    this.second = targets.map(({ name, type }) => new State(`${name} second moment`, type));
  }
  targets;
  options;
  first;
  second;
  /** 1 - beta^t, by recurrence: computing the power in f32 would lose its digits at small t. */
  correction1 = new State("adamw correction1", { shape: [], dtype: "f32" });
  correction2 = new State("adamw correction2", { shape: [], dtype: "f32" });
  get states() {
    return [...this.first, ...this.second, this.correction1, this.correction2];
  }
  /**
   * One step [Loshchilov & Hutter 2019].
   *
   *   gradients  one per target, of its shape
   *   lr         [] learning rate of this step
   *   ->         updates for `compile`, and the new values of the targets
   */
  step(gradients, lr) {
    const { beta1, beta2, eps, weightDecay } = this.options;
    const c1 = add(mul(stateTensor(this.correction1), beta1), 1 - beta1);
    const c2 = add(mul(stateTensor(this.correction2), beta2), 1 - beta2);
    const updates = [[this.correction1, c1], [this.correction2, c2]];
    const values = this.targets.map((target, i) => {
      const g = gradients[i];
      const p = stateTensor(target);
      const m = add(mul(stateTensor(this.first[i]), beta1), mul(g, 1 - beta1));
      const v = add(mul(stateTensor(this.second[i]), beta2), mul(square(g), 1 - beta2));
      const direction = div(div(m, c1), add(sqrt(div(v, c2)), eps));
      const value = sub(p, mul(lr, add(direction, mul(p, weightDecay))));
      updates.push([this.first[i], m], [this.second[i], v], [target, value]);
      return value;
    });
    return { updates, values };
  }
};
var Ema = class {
  constructor(targets, decay = 0.9999) {
    this.decay = decay;
    this.averages = targets.map(({ name, type }) => new State(`${name} average`, type));
  }
  decay;
  averages;
  /** Averages after a step: decay min(decay, (1 + n) / (10 + n)) at step n = 0, 1, .. [LDM LitEma]. */
  step(values, step) {
    const decay = minimum(div(add(step, 1), add(step, 10)), this.decay);
    return this.averages.map((average, i) => {
      const old = stateTensor(average);
      return [average, add(old, mul(sub(1, decay), sub(values[i], old)))];
    });
  }
};
function clipGradNorm(gradients, maxNorm) {
  const norm = sqrt(gradients.map((g) => sum(square(g))).reduce((a, b) => add(a, b)));
  const scale = minimum(div(maxNorm, add(norm, 1e-6)), 1);
  return { gradients: gradients.map((g) => mul(g, scale)), norm };
}
var StepCounter = class {
  state;
  /** u32 [2]: (seed, step). */
  key;
  /** [] f32: steps done before this one. */
  step;
  constructor(name, seed) {
    this.state = new State(`${name} counter`, { shape: [2], dtype: "u32" }, Uint32Array.of(seed >>> 0, 0));
    this.key = stateTensor(this.state);
    this.step = cast(reshape(slice(this.key, 0, 1, 1), []), "f32");
  }
  get update() {
    return [this.state, add(this.key, table(Uint32Array.of(0, 1), [2], "u32"))];
  }
};
function learningRate(schedule, step) {
  const { lr, warmup, decay, steps, floor } = schedule;
  const rise = warmup > 0 ? minimum(div(add(step, 1), warmup), 1) : minimum(add(step, 1), 1);
  if (decay === "constant") return mul(rise, lr);
  const progress = minimum(div(maximum(sub(step, warmup), 0), Math.max(1, steps - warmup)), 1);
  const left = decay === "linear" ? sub(1, progress) : mul(add(cos(mul(progress, Math.PI)), 1), 0.5);
  return mul(mul(rise, lr), add(mul(left, 1 - floor), floor));
}

// train/step.ts
var defaultOptim = {
  lr: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0.01,
  warmup: 100,
  decay: "cosine",
  floor: 0.02,
  clip: 1,
  ema: 0.999
};
async function compileStep(device, name, store, loss, counter, optim, steps, extra = {}) {
  const { programs, ...rest } = await compileSteps(device, name, store, [loss], counter, optim, steps, extra);
  return { ...rest, program: programs[0] };
}
async function compileSteps(device, name, store, losses, counter, optim, steps, extra = {}) {
  const targets = store.groups.map(({ state }) => state);
  const optimiser = new AdamW(targets, optim);
  const lr = learningRate({ ...optim, steps }, counter.step);
  const ema = optim.ema > 0 ? new Ema(targets, optim.ema) : null;
  ema?.averages.forEach((average, i) => {
    average.initial = targets[i].initial?.slice() ?? null;
  });
  const programs = [];
  for (const loss of losses) {
    const packed = store.packGradients(grad(loss, [...store.tensors.values()]));
    const { gradients, norm } = clipGradNorm(packed, optim.clip);
    const { updates, values } = optimiser.step(gradients, lr);
    if (ema) updates.push(...ema.step(values, counter.step));
    updates.push(counter.update);
    programs.push(await compile(device, { name, outputs: { loss, gradNorm: norm, lr, ...extra }, updates }));
  }
  return { programs, averages: ema?.averages ?? [], states: [...optimiser.states, counter.state] };
}
function describePlan(program) {
  const { kernels, dispatches, plannedBytes, unsharedBytes, stateBytes } = program.summary;
  const mb = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return `${program.name}: ${dispatches} dispatches of ${kernels} kernels; ${mb(plannedBytes)} for intermediates (${mb(unsharedBytes)} unshared), ${mb(stateBytes)} of states`;
}

// data/batches.ts
var recentPermutations = [];
function epochOrder(seed, count, epoch) {
  const known = recentPermutations.find((p) => p.seed === seed && p.count === count && p.epoch === epoch);
  if (known) return known.order;
  const order = new RandomStream(seed, `batches/epoch/${epoch}`).permutation(count);
  recentPermutations.unshift({ seed, count, epoch, order });
  recentPermutations.length = Math.min(recentPermutations.length, 4);
  return order;
}
function batchIndices(count, batch, step, seed) {
  for (const [name, value, least] of [["count", count, 1], ["batch", batch, 1], ["step", step, 0]]) {
    check(
      Number.isInteger(value) && value >= least,
      () => `batchIndices: ${name} must be a whole number from ${least}, found ${value}`
    );
  }
  return Array.from({ length: batch }, (_, i) => {
    const position = step * batch + i;
    return epochOrder(seed, count, Math.floor(position / count))[position % count];
  });
}
function itemStream(seed, step, item) {
  return new RandomStream(seed, `batches/item/${step}/${item}`);
}
var BatchPrefetcher = class {
  queue = [];
  load;
  end;
  ahead;
  begun;
  halted = false;
  constructor(options) {
    this.load = options.load;
    this.begun = options.start ?? 0;
    this.end = options.end ?? Infinity;
    this.ahead = options.ahead ?? 3;
    check(this.ahead >= 1, () => `BatchPrefetcher: ahead must be at least 1, found ${this.ahead}`);
    this.fill();
  }
  fill() {
    while (!this.halted && this.queue.length < this.ahead && this.begun < this.end) {
      const step = this.begun++;
      const batch = Promise.resolve().then(() => this.load(step));
      batch.catch(() => {
        this.halted = true;
      });
      this.queue.push(batch);
    }
  }
  /** The batch of the next step, in order. Throws what its `load` threw, and after `end`, an error or `stop`. */
  async next() {
    const batch = this.queue.shift();
    if (!batch) {
      throw new Error(`BatchPrefetcher: no batch after step ${this.begun - 1}: stopped, failed or at its end`);
    }
    const value = await batch;
    this.fill();
    return value;
  }
  /** Begins nothing more and waits for what is under way; the batches loaded are dropped. Safe to call twice. */
  async stop() {
    this.halted = true;
    await Promise.allSettled(this.queue.splice(0));
  }
};

export {
  AdamW,
  StepCounter,
  batchIndices,
  itemStream,
  BatchPrefetcher,
  defaultOptim,
  compileStep,
  compileSteps,
  describePlan
};
//# sourceMappingURL=chunk-4CJS6QHA.js.map
