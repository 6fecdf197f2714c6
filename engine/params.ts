/**
 * Parameters by their published names.
 *
 * A model is a pure function of a `Scope`. Run once to declare, it yields names, shapes and initial distributions
 * without any memory; run again on a `ParamStore`, the same calls return tensors over that store's memory. So what a
 * constructor would build and what the forward pass uses cannot drift apart.
 */
import type { Device } from './device.ts';
import { UserError, check } from './errors.ts';
import { setPath } from './op.ts';
import { inputTensor, reshape, slice, stateTensor } from './ops/index.ts';
import { pack } from './ops/pack.ts';
import { RandomStream } from './random.ts';
import { State } from './state.ts';
import { sameShape, sizeOf, type Tensor } from './tensor.ts';

/** Distribution of the initial values. */
export type Init =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly std: number }
  /** Uniform in [-bound, bound). */
  | { readonly kind: 'uniform'; readonly bound: number }
  /** Whatever a function makes of the parameter's own stream. */
  | { readonly kind: 'drawn'; readonly draw: (random: RandomStream, shape: readonly number[]) => Float32Array };

export const zeros: Init = { kind: 'constant', value: 0 };
export const ones: Init = { kind: 'constant', value: 1 };
export const normal = (std: number): Init => ({ kind: 'normal', std });

/** PyTorch's default for linear and convolution weights and biases: uniform within 1 / sqrt(fanIn). */
export const fanIn = (inputs: number): Init => ({ kind: 'uniform', bound: 1 / Math.sqrt(inputs) });

export interface ParamSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Init;
}

/** Values of a parameter on the CPU. */
export interface NamedFloats {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Values by name, each asked for once: a map, or a file that is read as it is asked. */
export interface NamedValues {
  keys(): Iterable<string>;
  get(name: string): NamedFloats | undefined;
}

interface ParamSource {
  get(spec: ParamSpec): Tensor;
}

/** A place in the tree of parameter names. */
export class Scope {
  constructor(private readonly source: ParamSource, readonly path = '') {}

  /** The scope `name` below this one; dots may join several levels. */
  at(name: string | number): Scope {
    return new Scope(this.source, this.path ? `${this.path}.${name}` : `${name}`);
  }

  /** The parameter `name` of this scope. Nodes made after it are labelled with the scope. */
  param(name: string, shape: readonly number[], init: Init): Tensor {
    setPath(this.path);
    return this.source.get({ name: this.path ? `${this.path}.${name}` : name, shape, init });
  }
}

/** Names, shapes and initial distributions of all parameters that `body` uses, in order of use. */
export function declareParams(body: (p: Scope) => unknown): ParamSpec[] {
  const specs = new Map<string, { spec: ParamSpec; tensor: Tensor }>();
  body(new Scope({
    get(spec) {
      const known = specs.get(spec.name);
      if (known) {
        check(sameShape(known.spec.shape, spec.shape), () =>
          `parameter ${spec.name} is used as [${known.spec.shape.join(', ')}] and as [${spec.shape.join(', ')}]`);
        return known.tensor;
      }
      const tensor = inputTensor(spec.name, spec.shape);
      specs.set(spec.name, { spec, tensor });
      return tensor;
    },
  }));
  setPath('');
  return [...specs.values()].map(({ spec }) => spec);
}

export const countParams = (specs: readonly ParamSpec[]): number =>
  specs.reduce((total, { shape }) => total + sizeOf(shape), 0);

/** Elements between starts of parameters in a flat group: 256 bytes, so that each can be bound on its own. */
const alignment = 64;
/** Bytes of a flat group; below the smallest binding limit that adapters have (128 MiB). */
const groupBytes = 1 << 26;

/** Several parameters in one flat f32 vector. */
export interface ParamGroup {
  readonly state: State;
  readonly specs: readonly ParamSpec[];
  readonly offsets: readonly number[];
  readonly length: number;
}

function layOut(name: string, specs: readonly ParamSpec[]): ParamGroup[] {
  const groups: ParamGroup[] = [];
  let members: ParamSpec[] = [];
  let offsets: number[] = [];
  let length = 0;
  const close = (): void => {
    if (members.length === 0) return;
    const state = new State(`${name} ${groups.length}`, { shape: [length], dtype: 'f32' });
    groups.push({ state, specs: members, offsets, length });
    [members, offsets, length] = [[], [], 0];
  };
  for (const spec of specs) {
    const size = Math.ceil(sizeOf(spec.shape) / alignment) * alignment;
    if (4 * (length + size) > groupBytes) close();
    members.push(spec);
    offsets.push(length);
    length += size;
  }
  close();
  return groups;
}

function drawInitial(spec: ParamSpec, seed: number): Float32Array {
  const { init } = spec;
  const values = new Float32Array(sizeOf(spec.shape));
  if (init.kind === 'constant') return values.fill(init.value);
  const stream = new RandomStream(seed, spec.name);
  if (init.kind === 'drawn') return init.draw(stream, spec.shape);
  return values.map(() =>
    (init.kind === 'normal' ? init.std * stream.normal() : stream.uniform(-init.bound, init.bound)));
}

/** The memory of a model's parameters: a few flat groups on the device, and a tensor for each name over them. */
export class ParamStore {
  readonly groups: readonly ParamGroup[];
  /** Tensors by name, in declaration order. */
  readonly tensors = new Map<string, Tensor>();

  /** `states` replaces the memory of the groups, to use averages as parameters. */
  constructor(readonly name: string, readonly specs: readonly ParamSpec[], states?: readonly State[]) {
    this.groups = layOut(name, specs).map((group, i) => (states?.[i] ? { ...group, state: states[i] } : group));
    for (const group of this.groups) {
      const flat = stateTensor(group.state);
      group.specs.forEach((spec, i) => {
        const part = slice(flat, 0, group.offsets[i]!, sizeOf(spec.shape));
        this.tensors.set(spec.name, reshape(part, spec.shape));
      });
    }
  }

  /** Number of parameters, without padding. */
  get size(): number {
    return countParams(this.specs);
  }

  /** A scope whose parameters are this store's. */
  scope(path = ''): Scope {
    return new Scope({
      get: ({ name, shape }) => {
        const tensor = this.tensors.get(name);
        check(tensor !== undefined,
          () => `parameter ${name} is not in ${this.name}. Was it declared by another config?`);
        check(sameShape(tensor.shape, shape), () => `parameter ${name} is [${tensor.shape.join(', ')}] in `
          + `${this.name}, but [${shape.join(', ')}] is asked for. Was it declared by another config?`);
        return tensor;
      },
    }, path);
  }

  /** Draws initial values; each parameter has a stream of its own, so the order of declaration does not matter. */
  initialise(seed: number): void {
    this.fill((spec) => drawInitial(spec, seed));
  }

  /**
   * Takes values by name. Throws a UserError that counts what is missing, unexpected or of another shape; `where`
   * names the file they come from.
   */
  load(values: NamedValues, where: string): void {
    const names = new Set(values.keys());
    const missing = this.specs.filter(({ name }) => !names.has(name)).map(({ name }) => name);
    const unexpected = [...names].filter((name) => !this.tensors.has(name));
    if (missing.length + unexpected.length > 0) {
      throw new UserError(`${where}: ${missing.length} parameters of ${this.name} are missing, ${unexpected.length} `
        + `are unexpected; first: ${missing[0] ?? unexpected[0]}. Was it saved from another preset?`);
    }
    this.fill(({ name, shape }) => {
      const found = values.get(name)!;
      if (!sameShape(found.shape, shape)) {
        throw new UserError(`${where}: ${name} is [${found.shape.join(', ')}], but ${this.name} needs `
          + `[${shape.join(', ')}]. Was it saved from another preset?`);
      }
      return found.data;
    });
  }

  private fill(valuesOf: (spec: ParamSpec) => Float32Array): void {
    const filled = this.groups.map((group) => {
      const flat = new Float32Array(group.length);
      group.specs.forEach((spec, i) => flat.set(valuesOf(spec), group.offsets[i]!));
      return flat;
    });
    this.groups.forEach(({ state }, i) => { state.initial = filled[i]!; });
  }

  /** Uploads what `initialise` or `load` set after the memory was first made. */
  upload(device: Device): void {
    for (const { state } of this.groups) {
      const { initial } = state;
      device.buffer(state);
      if (initial && state.initial === initial) device.write(state, initial);
      state.initial = null;
    }
  }

  /**
   * How to read each parameter from the device, a group of them at a time; `from` maps a group to another state of its
   * layout (moments, averages). To be read in order.
   */
  sources(device: Device, from: (group: ParamGroup, index: number) => State = ({ state }) => state):
    Map<string, () => Promise<NamedFloats>> {
    let last: { readonly group: ParamGroup; readonly flat: Promise<Float32Array> } | null = null;
    return new Map(this.groups.flatMap((group, index) => group.specs.map(({ name, shape }, i) =>
      [name, async (): Promise<NamedFloats> => {
        if (last?.group !== group) last = { group, flat: device.read(from(group, index)) as Promise<Float32Array> };
        const start = group.offsets[i]!;
        return { shape, data: (await last.flat).slice(start, start + sizeOf(shape)) };
      }] as const)));
  }

  /** Gradients by parameter (in declaration order) as one flat vector per group. */
  packGradients(gradients: readonly Tensor[]): Tensor[] {
    let next = 0;
    return this.groups.map((group) => {
      const part = gradients.slice(next, next + group.specs.length);
      next += group.specs.length;
      return pack(part, group.offsets, group.length);
    });
  }
}
