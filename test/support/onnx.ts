/**
 * Operator tests of ONNX as an oracle: builds, for a case, the graph of engine ops that should give its outputs.
 * Throws `Unsupported`, with the op, for what the engine has no way to say.
 */
import { sizeOf, type Tensor } from '../../engine/tensor.ts';
import { Call, Unsupported, Value, type OnnxCase, type OnnxNode, type OnnxTensor, type Rule } from './onnxCall.ts';
import { layerRules } from './onnxLayers.ts';
import { opRules } from './onnxOps.ts';
import { resizeRules } from './onnxResize.ts';

const rules: Readonly<Record<string, Rule>> = { ...opRules, ...layerRules, ...resizeRules };

function evaluate(node: OnnxNode, values: Map<string, Value>, opset: number): void {
  const inputs = node.inputs.map((name) => (name === '' ? null : values.get(name)!));
  if (node.op === 'Constant') {
    values.set(node.outputs[0]!, new Value(node.attrs['value'] as OnnxTensor, null));
    return;
  }
  const rule = rules[node.op];
  if (!rule) throw new Unsupported('op');
  const call = new Call(node, inputs, opset);
  const results = [rule(call)].flat();
  call.finish();
  node.outputs.forEach((name, i) => {
    if (name !== '' && !results[i]) throw new Unsupported(`output ${i}`);
    if (name !== '') values.set(name, new Value(null, results[i]!));
  });
}

export interface Expectation {
  readonly actual: Tensor;
  readonly expected: OnnxTensor;
}

/** The outputs of a case as tensors, each with what it must be; throws `Unsupported` with op and case. */
export function build(spec: OnnxCase): Expectation[] {
  const free = spec.graph_inputs.filter((name) => !spec.initializers.some((tensor) => tensor.name === name));
  return spec.data_sets.flatMap(({ inputs, outputs }) => {
    const values = new Map(spec.initializers.map((tensor) => [tensor.name, new Value(tensor, null)]));
    inputs.forEach((tensor, i) => values.set(tensor.name || free[i]!, new Value(tensor, null)));
    for (const node of spec.nodes) {
      try {
        evaluate(node, values, spec.opset[''] ?? 1);
      } catch (error) {
        if (error instanceof Unsupported) throw new Unsupported(`${node.op} ${error.message}`);
        throw error;
      }
    }
    return outputs.map((expected, i) => {
      if (sizeOf(expected.dims) === 0) throw new Unsupported(`${spec.nodes.at(-1)!.op} empty tensor`);
      return { actual: values.get(spec.graph_outputs[i]!)!.tensor, expected };
    });
  });
}
