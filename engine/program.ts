import type { ProgramSummary } from './compile/programPlan.ts';
import type { Device } from './device.ts';
import { sizeOf, type TensorType, type TypedData } from './tensor.ts';

/** A dispatch with everything bound. */
export interface BoundCall {
  readonly label: string;
  readonly path: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly immediates: Uint32Array | null;
  readonly grid: readonly [number, number, number];
  readonly flops: number;
  readonly bytes: number;
}

interface Port {
  readonly buffer: GPUBuffer;
  readonly type: TensorType;
}

/** Takes over the submission of all runs on a device, to time them; see `RunRecorder`. */
export interface RunObserver {
  submit(program: Program): void;
}

/** A compiled graph. A run encodes its dispatches in one pass, submits once and creates nothing. */
export class Program {
  constructor(
    private readonly device: Device,
    readonly name: string,
    readonly calls: readonly BoundCall[],
    private readonly inputs: ReadonlyMap<string, Port>,
    private readonly outputs: ReadonlyMap<string, Port & { readonly start: number }>,
    private readonly owned: readonly GPUBuffer[],
    readonly summary: ProgramSummary,
  ) {}

  /** Whether an input of this name is left after dead code is gone. */
  takes(name: string): boolean {
    return this.inputs.has(name);
  }

  /** Whether there is an output of this name. */
  gives(name: string): boolean {
    return this.outputs.has(name);
  }

  /** Uploads the given inputs (the others keep their last values) and submits the work; does not wait. */
  run(inputs: Readonly<Record<string, TypedData>> = {}): void {
    this.device.check();
    for (const [name, data] of Object.entries(inputs)) this.write(name, data);
    if (this.device.observer) {
      this.device.observer.submit(this);
      return;
    }
    const encoder = this.device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    this.encode(pass);
    pass.end();
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  /** Puts dispatches (default: all) into a pass of the caller's. */
  encode(pass: GPUComputePassEncoder, calls: readonly BoundCall[] = this.calls): void {
    let last: GPUComputePipeline | null = null;
    for (const call of calls) {
      if (call.pipeline !== last) pass.setPipeline(call.pipeline);
      last = call.pipeline;
      pass.setBindGroup(0, call.bindGroup);
      if (call.immediates) pass.setImmediates(0, call.immediates as Uint32Array<ArrayBuffer>);
      pass.dispatchWorkgroups(call.grid[0], call.grid[1], call.grid[2]);
    }
  }

  private write(name: string, data: TypedData): void {
    const port = this.inputs.get(name);
    if (!port) {
      throw new Error(`${this.name}: no input is called ${name}; `
        + `there are ${[...this.inputs.keys()].join(', ') || 'none'}`);
    }
    if (data.length !== sizeOf(port.type.shape)) {
      throw new Error(`${this.name}: input ${name} takes ${sizeOf(port.type.shape)} values `
        + `([${port.type.shape.join(', ')}]), found ${data.length}`);
    }
    this.device.gpu.queue.writeBuffer(port.buffer, 0, data);
  }

  /** Value of an output after the runs submitted so far. */
  async read(name: string): Promise<TypedData> {
    const port = this.outputs.get(name);
    if (!port) {
      throw new Error(`${this.name}: no output is called ${name}; `
        + `there are ${[...this.outputs.keys()].join(', ') || 'none'}`);
    }
    return this.device.readBuffer(port.buffer, sizeOf(port.type.shape), port.type.dtype, port.start);
  }

  /** An f32 output. */
  async readFloats(name: string): Promise<Float32Array> {
    const data = await this.read(name);
    if (!(data instanceof Float32Array)) throw new Error(`${this.name}: output ${name} is not f32`);
    return data;
  }

  /** A scalar output as a number. */
  async readScalar(name: string): Promise<number> {
    return (await this.read(name))[0]!;
  }

  /** Frees the memory of the program; states stay. */
  destroy(): void {
    for (const buffer of this.owned) buffer.destroy();
  }
}
