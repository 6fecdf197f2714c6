/** From a graph to a program that replays: plan, then make memory, pipelines and bind groups. */
import type { Device } from '../device.ts';
import type { InputAttrs, TableAttrs } from '../ops/leaf.ts';
import { Program, type BoundCall } from '../program.ts';
import type { State } from '../state.ts';
import { paddedBytes } from '../tensor.ts';
import { nodeBytes, type Dispatch, type ProgramSpec } from './emit.ts';
import type { Node } from './lower.ts';
import { planProgram, type ProgramPlan } from './programPlan.ts';

export type { ProgramSpec } from './emit.ts';

/** The memory of a program, as it is made. */
class Memory {
  /** The buffer of each value, and the first byte of it there. */
  readonly buffers = new Map<Node | number, { readonly buffer: GPUBuffer; readonly start: number }>();
  readonly inputs = new Map<string, { buffer: GPUBuffer; type: InputAttrs['type'] }>();
  /** What goes with the program; states stay. */
  readonly owned: GPUBuffer[] = [];

  constructor(private readonly device: Device, private readonly plan: ProgramPlan) {
    const { name } = plan.spec;
    const slots = plan.sizes.map((bytes, i) => this.own(bytes, `${name} slot ${i}`));
    for (const leaf of plan.leaves) this.buffers.set(leaf, { buffer: this.leaf(leaf), start: 0 });
    const packs = plan.packs.map((pack) => {
      const buffer = this.own(nodeBytes(pack), `${name} pack`);
      device.clear(buffer);
      this.buffers.set(pack, { buffer, start: 0 });
      return buffer;
    });
    for (const [key, place] of plan.places) {
      this.buffers.set(key, 'slot' in place ? { buffer: slots[place.slot]!, start: 0 }
        : { buffer: packs[place.arena]!, start: place.offset });
    }
    for (const [value, { node }] of plan.home) this.buffers.set(value, this.buffers.get(node)!);
  }

  private own(bytes: number, label: string): GPUBuffer {
    const buffer = this.device.createBuffer(bytes, label);
    this.owned.push(buffer);
    return buffer;
  }

  private leaf(leaf: Node): GPUBuffer {
    if (leaf.op.name === 'state') return this.device.buffer((leaf.attrs as { state: State }).state);
    const { spec } = this.plan;
    const buffer = this.own(nodeBytes(leaf), `${spec.name} ${leaf.op.name}`);
    if (leaf.op.name === 'table') {
      this.device.gpu.queue.writeBuffer(buffer, 0, (leaf.attrs as TableAttrs).data);
    } else {
      const { name, type } = leaf.attrs as InputAttrs;
      if (this.inputs.has(name)) throw new Error(`${spec.name}: two inputs are called ${name}`);
      this.inputs.set(name, { buffer, type });
    }
    return buffer;
  }
}

async function bind(device: Device, { call, memory, path }: Dispatch,
  buffers: Memory['buffers']): Promise<BoundCall> {
  const { pipeline, layout } = await device.pipeline(call.label, call.source, call.constants);
  const resources = memory.map(({ key, offset, bytes }) => {
    const { buffer, start } = buffers.get('scratch' in key ? key.scratch : key)!;
    return { buffer, offset: start + offset, size: Math.min(paddedBytes(bytes), buffer.size - start - offset) };
  });
  const immediates = new Uint32Array(16);
  immediates.set(call.immediates);
  return {
    label: call.label, path, pipeline, bindGroup: device.bindGroup(layout, resources, call.label),
    immediates: call.immediates.length > 0 ? immediates : null,
    grid: call.grid, flops: call.flops, bytes: call.bytes,
  };
}

/**
 * Compiles a graph for a device. Where the device measures its choice of kernels, those that it does not know yet are
 * timed first. What the program will take is told to `device.planned` before anything is made.
 */
export async function compile(device: Device, spec: ProgramSpec): Promise<Program> {
  let plan = planProgram(device, spec);
  if (await device.choices?.settle(device)) plan = planProgram(device, spec);
  device.planned(spec.name, plan.summary);
  return makeProgram(device, plan);
}

/** Makes what a plan says. All memory of the program is made here, none while it runs. */
export async function makeProgram(device: Device, plan: ProgramPlan): Promise<Program> {
  const { spec } = plan;
  const { buffers, inputs, owned } = new Memory(device, plan);
  const outputs = new Map([...plan.outputs].map(([name, node]) =>
    [name, { ...buffers.get(node)!, type: spec.outputs[name]! }]));
  const calls = await Promise.all(plan.dispatches.map((dispatch) => bind(device, dispatch, buffers)));
  return new Program(device, spec.name, calls, inputs, outputs, owned, plan.summary);
}
