import {
  fanIn,
  ones,
  zeros
} from "./chunk-F6TGNQ67.js";
import {
  add,
  conv2d,
  gather,
  groupNorm,
  layerNorm,
  linear,
  reshape,
  silu,
  table
} from "./chunk-AMP7OYK6.js";

// models/layers.ts
var channels = (x) => x.shape[1];
var width = (x) => x.shape.at(-1);
function linear2(p, x, out, { bias = true, init } = {}) {
  const inputs = width(x);
  const weight = p.param("weight", [out, inputs], init ?? fanIn(inputs));
  return linear(x, weight, bias ? p.param("bias", [out], init ?? fanIn(inputs)) : null);
}
function conv3x3(p, x, out, options = {}) {
  const { stride = 1, padding = [1, 1, 1, 1], init = fanIn(9 * channels(x)) } = options;
  const weight = p.param("weight", [out, channels(x), 3, 3], init);
  return conv2d(x, weight, p.param("bias", [out], init), { stride, padding });
}
function conv1x1(p, x, out) {
  const init = fanIn(channels(x));
  const weight = p.param("weight", [out, channels(x), 1, 1], init);
  return conv2d(x, weight, p.param("bias", [out], init), { stride: 1, padding: [0, 0, 0, 0] });
}
function conv1x1OnTokens(p, x, out, init = fanIn(width(x))) {
  const weight = reshape(p.param("weight", [out, width(x), 1, 1], init), [out, width(x)]);
  return linear(x, weight, p.param("bias", [out], init));
}
function groupNorm2(p, x, { groups, eps, activation = "none" }) {
  const weight = p.param("weight", [channels(x)], ones);
  return groupNorm(x, groups, weight, p.param("bias", [channels(x)], zeros), eps, activation);
}
function layerNorm2(p, x, eps = 1e-5) {
  const weight = p.param("weight", [width(x)], ones);
  return layerNorm(x, weight, p.param("bias", [width(x)], zeros), eps);
}
function addPerChannel(x, perChannel) {
  return add(x, reshape(perChannel, [...perChannel.shape, 1, 1]));
}
function timestepEmbedding(t, size, steps) {
  const half = size / 2;
  const values = new Float32Array(steps * size);
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < half; i++) {
      const angle = step * Math.exp(-Math.log(1e4) * i / half);
      values[step * size + i] = Math.cos(angle);
      values[step * size + half + i] = Math.sin(angle);
    }
  }
  return gather(table(values, [steps, size]), t);
}
function timeEmbedding(p, t, { size, out, steps }) {
  const h = linear2(p.at(0), timestepEmbedding(t, size, steps), 4 * size);
  return linear2(p.at(2), silu(h), out);
}

export {
  channels,
  width,
  linear2 as linear,
  conv3x3,
  conv1x1,
  conv1x1OnTokens,
  groupNorm2 as groupNorm,
  layerNorm2 as layerNorm,
  addPerChannel,
  timestepEmbedding,
  timeEmbedding
};
//# sourceMappingURL=chunk-3D4ROVPF.js.map
