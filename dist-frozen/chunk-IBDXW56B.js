import {
  UserError
} from "./chunk-Q54TM6M7.js";

// engine/device.ts
import { create, globals } from "webgpu";

// engine/settle.ts
var nobody = new Int32Array(new SharedArrayBuffer(4));
var longest = 1;
var share = 0.01;
async function settle(promise) {
  const start = performance.now();
  let pending = true;
  const turn = () => {
    if (!pending) return;
    const nap = Math.min(longest, share * (performance.now() - start));
    if (nap > 0.02) Atomics.wait(nobody, 0, 0, nap);
    setImmediate(turn);
  };
  setImmediate(turn);
  try {
    return await promise;
  } finally {
    pending = false;
  }
}

// engine/tensor.ts
var bytesPerElement = { f32: 4, f16: 2, i32: 4, u32: 4 };
function sizeOf(shape) {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}
function sameShape(a, b) {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}
function describe(type) {
  return `${type.dtype} [${type.shape.join(", ")}]`;
}
var nextId = 0;
var Tensor = class {
  constructor(op, inputs, attrs, shape, dtype, path) {
    this.op = op;
    this.inputs = inputs;
    this.attrs = attrs;
    this.shape = shape;
    this.dtype = dtype;
    this.path = path;
  }
  op;
  inputs;
  attrs;
  shape;
  dtype;
  path;
  id = nextId++;
  get rank() {
    return this.shape.length;
  }
  get size() {
    return sizeOf(this.shape);
  }
};

// engine/device.ts
var immediateBytes = 64;
var wantedFeatures = ["subgroups", "shader-f16", "timestamp-query", "chromium-experimental-subgroup-matrix"];
var wantedLimits = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupStorageSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxImmediateSize"
];
var toggles = {
  safe: { on: ["allow_unsafe_apis", "vulkan_enable_f16_on_nvidia"], off: [] },
  fast: {
    on: ["allow_unsafe_apis", "vulkan_enable_f16_on_nvidia", "skip_validation", "disable_robustness"],
    off: ["lazy_clear_resource_on_first_use"]
  }
};
var Device = class _Device {
  constructor(instance, adapter, gpu, mode) {
    this.instance = instance;
    this.adapter = adapter;
    this.gpu = gpu;
    this.mode = mode;
    const { info } = adapter;
    this.limits = gpu.limits;
    this.name = [info.description || info.device || info.architecture, info.vendor].filter(Boolean).join(", ");
    const software = /llvmpipe|swiftshader|lavapipe|software/i.test(`${info.description} ${info.architecture} ${info.device}`);
    this.capabilities = {
      software,
      subgroups: gpu.features.has("subgroups"),
      subgroupSize: info.subgroupMinSize === info.subgroupMaxSize ? info.subgroupMinSize ?? 0 : 0,
      f16: gpu.features.has("shader-f16"),
      workgroupStorage: gpu.limits.maxComputeWorkgroupStorageSize,
      workgroupInvocations: gpu.limits.maxComputeInvocationsPerWorkgroup
    };
    gpu.addEventListener("uncapturederror", (event) => {
      this.failure ??= new Error(`GPU error: ${event.error.message}`);
    });
    void gpu.lost.then((lost) => {
      if (!this.closed) this.failure ??= new Error(`GPU device lost (${lost.reason}): ${lost.message}`);
    });
  }
  instance;
  adapter;
  gpu;
  mode;
  capabilities;
  limits;
  /** Human-readable adapter and driver. */
  name;
  /** Counts what is created, so that tests can assert that a step creates nothing. */
  created = { buffers: 0, bindGroups: 0, pipelines: 0 };
  /** Submits the runs of programs instead of the programs themselves, where there is one. */
  observer = null;
  pipelines = /* @__PURE__ */ new Map();
  states = /* @__PURE__ */ new Map();
  failure = null;
  closed = false;
  /** Opens the default adapter, or the one whose name contains `adapter`. */
  static async open(options = {}) {
    Object.assign(globalThis, globals);
    const mode = options.mode ?? "fast";
    const { on, off } = toggles[mode];
    const disabled = options.timestamps ? [...off, "timestamp_quantization"] : off;
    const flags = [`enable-dawn-features=${on.join(",")}`];
    if (disabled.length > 0) flags.push(`disable-dawn-features=${disabled.join(",")}`);
    if (options.adapter) flags.push(`adapter=${options.adapter}`);
    const instance = create(flags);
    let adapter = null;
    let others = "";
    try {
      adapter = await instance.requestAdapter({ powerPreference: "high-performance" });
    } catch (error) {
      others = [...error.message.matchAll(/name: '([^']*)'/g)].map(([, name]) => `"${name}"`).join(", ");
    }
    if (!adapter) {
      throw new UserError(options.adapter ? `no WebGPU adapter has "${options.adapter}" in its name; there are ${others || "none"}` : 'no WebGPU adapter answers; run ./setup.sh, then "npm run doctor" to see what is wrong');
    }
    const requiredLimits = {};
    for (const limit of wantedLimits) {
      const value = adapter.limits[limit];
      if (value !== void 0) requiredLimits[limit] = value;
    }
    const gpu = await adapter.requestDevice({
      requiredFeatures: wantedFeatures.filter((f) => adapter.features.has(f)),
      requiredLimits
    });
    return new _Device(instance, adapter, gpu, mode);
  }
  /** Throws what the GPU has complained about since the last call. */
  check() {
    if (this.failure) throw this.failure;
  }
  /** Bytes rounded up so that vectors may read past the last element. */
  static paddedBytes(bytes) {
    return Math.ceil(Math.max(bytes, 4) / 16) * 16;
  }
  createBuffer(bytes, label, usage = GPUBufferUsage.STORAGE) {
    this.created.buffers++;
    return this.gpu.createBuffer({
      size: _Device.paddedBytes(bytes),
      label,
      usage: usage | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
    });
  }
  /** The memory of a state, made and filled with its initial contents on first use. */
  buffer(state) {
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
  clear(buffer) {
    const encoder = this.gpu.createCommandEncoder();
    encoder.clearBuffer(buffer);
    this.gpu.queue.submit([encoder.finish()]);
  }
  write(state, data) {
    if (data.length !== sizeOf(state.type.shape)) {
      throw new Error(`state ${state.name}: needs ${sizeOf(state.type.shape)} values, found ${data.length}`);
    }
    this.gpu.queue.writeBuffer(this.buffer(state), 0, data);
  }
  /** Contents of a state after everything submitted so far. */
  async read(state) {
    return this.readBuffer(this.buffer(state), sizeOf(state.type.shape), state.type.dtype);
  }
  async readBuffer(source, size, dtype) {
    this.check();
    const bytes = Math.ceil(size * bytesPerElement[dtype] / 4) * 4;
    const staging = this.gpu.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = this.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, staging, 0, bytes);
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
    return new view(copy).subarray(0, size);
  }
  /** Frees the memory of states that nothing will use again. */
  release(states) {
    for (const state of states) {
      this.states.get(state)?.destroy();
      this.states.delete(state);
    }
  }
  /** The pipeline of a shader with its constants, made once. Bind-group layouts are read off the declarations. */
  pipeline(label, source, constants) {
    const key = `${JSON.stringify(constants)}
${source}`;
    let made = this.pipelines.get(key);
    if (!made) {
      made = this.createPipeline(label, source, constants);
      this.pipelines.set(key, made);
    }
    return made;
  }
  async createPipeline(label, source, constants) {
    this.created.pipelines++;
    const layout = this.gpu.createBindGroupLayout({
      label,
      entries: [...source.matchAll(/@binding\((\d+)\)\s*var<storage,\s*(read_write|read)>/g)].map((match) => ({
        binding: Number(match[1]),
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: match[2] === "read" ? "read-only-storage" : "storage" }
      }))
    });
    const code = shaderPrelude(source) + source;
    const module = this.gpu.createShaderModule({ code, label });
    const descriptor = {
      label,
      layout: this.gpu.createPipelineLayout({
        bindGroupLayouts: [layout],
        immediateSize: source.includes("var<immediate>") ? immediateBytes : 0
      }),
      compute: { module, entryPoint: "main", constants: { ...constants } }
    };
    try {
      return { pipeline: await this.gpu.createComputePipelineAsync(descriptor), layout };
    } catch (error) {
      const messages = (await module.getCompilationInfo()).messages.map((m) => `${m.lineNum}:${m.linePos} ${m.message}`);
      throw new Error(`shader ${label}: ${messages.join("; ") || error.message}`, { cause: error });
    }
  }
  bindGroup(layout, resources, label) {
    this.created.bindGroups++;
    return this.gpu.createBindGroup({
      label,
      layout,
      entries: resources.map((resource, binding) => ({ binding, resource }))
    });
  }
  /** Resolves when the GPU has done everything submitted so far; throws what it complained about. */
  async idle() {
    await settle(this.gpu.queue.onSubmittedWorkDone());
    this.check();
  }
  /** Ends the device. One that is observed stays until the observer has read what it measured and let it go. */
  close() {
    if (this.observer) return;
    this.closed = true;
    this.gpu.destroy();
  }
};
function shaderPrelude(source) {
  const enables = [];
  if (/\bf16\b/.test(source)) enables.push("enable f16;");
  if (/\bsubgroup(?!_matrix)\w*\(|subgroup_size|subgroup_invocation_id/.test(source)) enables.push("enable subgroups;");
  return `${enables.join(" ")}
`;
}

export {
  bytesPerElement,
  sizeOf,
  sameShape,
  describe,
  Tensor,
  Device
};
//# sourceMappingURL=chunk-IBDXW56B.js.map
