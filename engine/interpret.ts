import { ancestors } from './graph.ts';
import type { InputAttrs } from './ops/leaf.ts';
import type { State } from './state.ts';
import type { Tensor } from './tensor.ts';

/** Values of leaves by name: inputs and states. */
export type Feeds = Readonly<Record<string, ArrayLike<number>>>;

/**
 * Evaluates a graph in f64 by the definitions of its ops. Slow: the oracle that compiled programs and their
 * gradients are checked against.
 *
 *   roots  any tensors
 *   feeds  a value for every input (by its name) and every state (by its name) that they depend on
 *   ->     one array per root, row-major
 */
export function interpret(roots: readonly Tensor[], feeds: Feeds): Float64Array[] {
  const values = new Map<Tensor, Float64Array>();
  for (const node of ancestors(roots)) {
    const { op } = node;
    if (op.kind === 'leaf' && (op.name === 'input' || op.name === 'state')) {
      const name = op.name === 'input' ? (node.attrs as InputAttrs).name : (node.attrs as { state: State }).state.name;
      const value = feeds[name];
      if (!value || value.length !== node.size) {
        throw new Error(`interpret: ${op.name} ${name} needs ${node.size} values, found ${value?.length ?? 'none'}`);
      }
      values.set(node, Float64Array.from(value));
    } else {
      values.set(node, op.reference(node.inputs.map((x) => values.get(x)!), node.inputs, node.attrs));
    }
  }
  return roots.map((root) => values.get(root)!);
}
