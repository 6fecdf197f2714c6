// groupNormBack - what both gradients of groupNorm begin with: what norms a channel, and the way back through SiLU.
//
//   h = z * weight + bias  with  z = (x - mean) * rstd,   r = g  or  g * SiLU'(h)

override SILU: u32 = 0;

struct Channel { slab: u32, mean: f32, rstd: f32, scale: f32, shift: f32 }

/** Row `row` of [B * C]: the number of its group, and that group's and the channel's own numbers. */
fn channelOf(row: u32) -> Channel {
  let slab = row / dims.perGroup;
  let channel = row % dims.channels;
  return Channel(slab, stats[2u * slab], stats[2u * slab + 1u], weight[channel], bias[channel]);
}

fn normed(x: V, c: Channel) -> V { return (x - c.mean) * c.rstd; }

/** The cotangent behind the activation, from that of its result and z. */
fn back(g: V, z: V, c: Channel) -> V {
  if (SILU == 0u) { return g; }
  let h = z * c.scale + c.shift;
  let s = 1.0 / (1.0 + exp(-h));
  return g * (s * (1.0 + h * (1.0 - s)));
}
