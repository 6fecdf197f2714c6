/** The one GPU device of a process: choice of adapter, limits, toggles, pipelines, and errors that throw. */
import { totalmem } from 'node:os';
import { create, globals } from 'webgpu';
import type { Choices } from './choose.ts';
import type { ProgramSummary } from './compile/programPlan.ts';
import { UserError } from './errors.ts';
import type { DeviceCapabilities } from './op.ts';
import type { RunObserver } from './program.ts';
import { settle } from './settle.ts';
import type { State } from './state.ts';
import { bytesPerElement, paddedBytes, sizeOf, type TypedData } from './tensor.ts';

/** `safe` validates and clamps everything; `fast` is Dawn's release set of toggles. Results are the same. */
export type Mode = 'safe' | 'fast';

export interface DeviceOptions {
  readonly mode?: Mode;
  /** Part of the name of the adapter to use. */
  readonly adapter?: string;
  /** Bytes that a program may take in all; default: the machine's memory on a software adapter, else unlimited. */
  readonly memory?: number;
  /** Collect GPU times per kernel: timestamps unquantised. */
  readonly timestamps?: boolean;
}

/** Words that `var<immediate>` may hold; Dawn's fixed 64 bytes. */
const immediateBytes = 64;
const wantedFeatures = ['subgroups', 'shader-f16', 'timestamp-query', 'chromium-experimental-subgroup-matrix'];
const wantedLimits = [
  'maxStorageBufferBindingSize', 'maxBufferSize', 'maxComputeWorkgroupStorageSize', 'maxStorageBuffersPerShaderStage',
  'maxComputeInvocationsPerWorkgroup', 'maxComputeWorkgroupSizeX', 'maxComputeWorkgroupSizeY', 'maxImmediateSize',
] as const;

const toggles: Record<Mode, { on: string[]; off: string[] }> = {
  safe: { on: ['allow_unsafe_apis', 'vulkan_enable_f16_on_nvidia'], off: [] },
  fast: {
    on: ['allow_unsafe_apis', 'vulkan_enable_f16_on_nvidia', 'skip_validation', 'disable_robustness'],
    off: ['lazy_clear_resource_on_first_use'],
  },
};

interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

export class Device {
  capabilities: DeviceCapabilities;
  readonly limits: GPUSupportedLimits;
  /** Bytes that a program may take in all. WebGPU does not tell how much there is. */
  readonly memory: number;
  /** Human-readable adapter and driver. */
  readonly name: string;
  /** Counts what is created, so that tests can assert that a step creates nothing. */
  readonly created = { buffers: 0, bindGroups: 0, pipelines: 0 };
  /** Submits the runs of programs instead of the programs themselves, where there is one. */
  observer: RunObserver | null = null;
  /** Measured choice of kernels, where there is one; else ops' first variants are taken. */
  choices: Choices | null = null;
  /** Told of each program what it will take, before its memory is made. */
  planned: (name: string, summary: ProgramSummary) => void = () => {};
  private readonly pipelines = new Map<string, Promise<Pipeline>>();
  private readonly states = new Map<State, GPUBuffer>();
  private failure: Error | null = null;
  private closed = false;

  private constructor(
    /** Kept alive here: Dawn's objects die with it. */
    readonly instance: GPU,
    readonly adapter: GPUAdapter,
    readonly gpu: GPUDevice,
    readonly mode: Mode,
    memory: number | undefined,
  ) {
    const { info } = adapter;
    this.limits = gpu.limits;
    this.name = [info.description || info.device || info.architecture, info.vendor].filter(Boolean).join(', ');
    const software = /llvmpipe|swiftshader|lavapipe|software/i
      .test(`${info.description} ${info.architecture} ${info.device}`);
    this.capabilities = {
      software,
      subgroups: gpu.features.has('subgroups' as GPUFeatureName),
      subgroupSize: info.subgroupMinSize === info.subgroupMaxSize ? info.subgroupMinSize ?? 0 : 0,
      largestSubgroup: info.subgroupMaxSize ?? 0,
      matrices: [],
      f16: gpu.features.has('shader-f16'),
      workgroupStorage: gpu.limits.maxComputeWorkgroupStorageSize,
      workgroupInvocations: gpu.limits.maxComputeInvocationsPerWorkgroup,
    };
    this.memory = memory ?? (software ? totalmem() : Infinity);
    gpu.addEventListener('uncapturederror', (event) => {
      this.failure ??= new Error(`GPU error: ${(event as GPUUncapturedErrorEvent).error.message}`);
    });
    void gpu.lost.then((lost) => {
      if (!this.closed) this.failure ??= new Error(`GPU device lost (${lost.reason}): ${lost.message}`);
    });
  }

  /** Opens the default adapter, or the one whose name contains `adapter`. */
  static async open(options: DeviceOptions = {}): Promise<Device> {
    Object.assign(globalThis, globals);
    const mode = options.mode ?? 'fast';
    const { on, off } = toggles[mode];
    const disabled = options.timestamps ? [...off, 'timestamp_quantization'] : off;
    const flags = [`enable-dawn-features=${on.join(',')}`];
    if (disabled.length > 0) flags.push(`disable-dawn-features=${disabled.join(',')}`);
    if (options.adapter) flags.push(`adapter=${options.adapter}`);
    const instance = create(flags);
    let adapter: GPUAdapter | null = null;
    let others = '';
    try {
      adapter = await instance.requestAdapter({ powerPreference: 'high-performance' });
    } catch (error) {
      // Thrown for a name that fits none, with a list of those that there are.
      others = [...(error as Error).message.matchAll(/name: '([^']*)'/g)].map(([, name]) => `"${name}"`).join(', ');
    }
    if (!adapter) {
      throw new UserError(options.adapter
        ? `no WebGPU adapter has "${options.adapter}" in its name; there are ${others || 'none'}`
        : 'no WebGPU adapter answers; run ./setup.sh, then "npm run doctor" to see what is wrong');
    }
    const requiredLimits: Record<string, number> = {};
    for (const limit of wantedLimits) {
      const value = adapter.limits[limit];
      if (value !== undefined) requiredLimits[limit] = value;
    }
    const gpu = await adapter.requestDevice({
      requiredFeatures: wantedFeatures.filter((f) => adapter.features.has(f as GPUFeatureName)) as GPUFeatureName[],
      requiredLimits,
    });
    return new Device(instance, adapter, gpu, mode, options.memory);
  }

  /** Throws what the GPU has complained about since the last call. */
  check(): void {
    if (this.failure) throw this.failure;
  }

  createBuffer(bytes: number, label: string, usage: number = GPUBufferUsage.STORAGE): GPUBuffer {
    this.created.buffers++;
    return this.gpu.createBuffer({
      size: paddedBytes(bytes), label, usage: usage | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
  }

  /** The memory of a state, made and filled with its initial contents on first use. */
  buffer(state: State): GPUBuffer {
    let buffer = this.states.get(state);
    if (!buffer) {
      buffer = this.createBuffer(sizeOf(state.type.shape) * bytesPerElement[state.type.dtype], state.name);
      this.states.set(state, buffer);
      if (state.initial) this.gpu.queue.writeBuffer(buffer, 0, state.initial);
      else this.clear(buffer);
      state.initial = null;
    }
    return buffer;
  }

  /** Fills a buffer with zeros. */
  clear(buffer: GPUBuffer): void {
    const encoder = this.gpu.createCommandEncoder();
    encoder.clearBuffer(buffer);
    this.gpu.queue.submit([encoder.finish()]);
  }

  write(state: State, data: TypedData): void {
    if (data.length !== sizeOf(state.type.shape)) {
      throw new Error(`state ${state.name}: needs ${sizeOf(state.type.shape)} values, found ${data.length}`);
    }
    this.gpu.queue.writeBuffer(this.buffer(state), 0, data);
  }

  /** Overwrites a part of a state, from element `first` on. */
  writePart(state: State, first: number, data: TypedData): void {
    if (first < 0 || first + data.length > sizeOf(state.type.shape)) {
      throw new Error(`state ${state.name}: has ${sizeOf(state.type.shape)} values, `
        + `found ${data.length} to write from ${first} on`);
    }
    this.gpu.queue.writeBuffer(this.buffer(state), first * data.BYTES_PER_ELEMENT, data);
  }

  /** Contents of a state after everything submitted so far. */
  async read(state: State): Promise<TypedData> {
    return this.readBuffer(this.buffer(state), sizeOf(state.type.shape), state.type.dtype);
  }

  /** Values of a buffer from byte `start` on. */
  async readBuffer(source: GPUBuffer, size: number, dtype: keyof typeof bytesPerElement, start = 0):
    Promise<TypedData> {
    this.check();
    const bytes = Math.ceil((size * bytesPerElement[dtype]) / 4) * 4;
    const staging = this.gpu.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = this.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(source, start, staging, 0, bytes);
    this.gpu.queue.submit([encoder.finish()]);
    try {
      await settle(staging.mapAsync(GPUMapMode.READ));
    } catch (error) {
      this.check();
      throw error;
    }
    const copy = staging.getMappedRange().slice(0);
    staging.destroy();
    this.check();
    const view = { f32: Float32Array, f16: Uint16Array, i32: Int32Array, u32: Uint32Array }[dtype];
    return new view(copy).subarray(0, size) as TypedData;
  }

  /** Frees the memory of states that nothing will use again. */
  release(states: Iterable<State>): void {
    for (const state of states) {
      this.states.get(state)?.destroy();
      this.states.delete(state);
    }
  }

  /** The pipeline of a shader with its constants, made once. Bind-group layouts are read off the declarations. */
  pipeline(label: string, source: string, constants: Readonly<Record<string, number>>): Promise<Pipeline> {
    const key = `${JSON.stringify(constants)}\n${source}`;
    let made = this.pipelines.get(key);
    if (!made) {
      made = this.createPipeline(label, source, constants);
      this.pipelines.set(key, made);
    }
    return made;
  }

  private async createPipeline(label: string, source: string, constants: Readonly<Record<string, number>>):
    Promise<Pipeline> {
    this.created.pipelines++;
    const layout = this.gpu.createBindGroupLayout({
      label,
      entries: [...source.matchAll(/@binding\((\d+)\)\s*var<storage,\s*(read_write|read)>/g)].map((match) => ({
        binding: Number(match[1]),
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: match[2] === 'read' ? 'read-only-storage' as const : 'storage' as const },
      })),
    });
    const code = shaderPrelude(source) + source;
    const module = this.gpu.createShaderModule({ code, label });
    const descriptor: GPUComputePipelineDescriptor = {
      label,
      layout: this.gpu.createPipelineLayout({
        bindGroupLayouts: [layout], immediateSize: source.includes('var<immediate>') ? immediateBytes : 0,
      } as GPUPipelineLayoutDescriptor),
      compute: { module, entryPoint: 'main', constants: { ...constants } },
    };
    try {
      return { pipeline: await this.gpu.createComputePipelineAsync(descriptor), layout };
    } catch (error) {
      const messages = (await module.getCompilationInfo()).messages
        .map((m) => `${m.lineNum}:${m.linePos} ${m.message}`);
      throw new Error(`shader ${label}: ${messages.join('; ') || (error as Error).message}`, { cause: error });
    }
  }

  bindGroup(layout: GPUBindGroupLayout, resources: readonly GPUBufferBinding[], label: string): GPUBindGroup {
    this.created.bindGroups++;
    return this.gpu.createBindGroup({
      label, layout, entries: resources.map((resource, binding) => ({ binding, resource })),
    });
  }

  /** Resolves when the GPU has done everything submitted so far; throws what it complained about. */
  async idle(): Promise<void> {
    await settle(this.gpu.queue.onSubmittedWorkDone());
    this.check();
  }

  /** Ends the device. One that is observed stays until the observer has read what it measured and let it go. */
  close(): void {
    if (this.observer) return;
    this.closed = true;
    this.gpu.destroy();
  }
}

/** Extensions that a source uses, enabled in one line, so that reported lines are off by exactly one. */
export function shaderPrelude(source: string): string {
  const enables = [];
  if (/\bf16\b/.test(source)) enables.push('enable f16;');
  if (/\bsubgroup(?!_matrix)\w*\(|subgroup_(size|id|invocation_id)/.test(source)) enables.push('enable subgroups;');
  if (/\bsubgroup_matrix_/.test(source)) enables.push('enable chromium_experimental_subgroup_matrix;');
  return `${enables.join(' ')}\n`;
}
