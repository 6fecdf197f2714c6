// attentionSubgroup - softmax attention in registers, for software adapters with subgroups of eight lanes.
//
//   p[i, j] = exp(scale * q[i] . k[j] - lse[i]),   y[i] = sum_j p[i, j] * v[j]      in every (sample, head)
//
// bindings   0  q  read        vec4f  [B, Lq, heads, D]
//            1  k  read        vec4f  [B, Lk, heads, D]
//            2  v  read        vec4f  [B, Lk, heads, DV]
//            3  y  read_write  f32    [B, Lq, heads, DV * 4], then at `lseAt` the lse [B, Lq, heads]
// workgroup  one subgroup: every lane has two queries, eight apart, and in each block one of eight keys
// grid       [ceil(Lq / 16), heads, B]
// cost       8 * (D + DV) flops a pair; the keys are read ceil(Lq / 16) times
// why        a load costs as much as thirty multiplications there and a broadcast to the other lanes as much as one:
//            a lane loads a key for all eight, and two queries share each broadcast

override D: u32 = 8;   // vec4s of a head of q and k
override DV: u32 = 8;  // vec4s of a head of v
override CAUSAL: u32 = 0;

const most = 32u;
const lowest = -0x1.fffffep+127;

struct Dims { heads: u32, Lq: u32, Lk: u32, lseAt: u32, scale: f32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> q: array<vec4f>;
@group(0) @binding(1) var<storage, read> k: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

/** Scores (or weights) of one query for the eight keys of a block. */
struct Block { low: vec4f, high: vec4f }

/** Adds the products of four values of a query with those of eight keys. */
fn addProducts(block: ptr<function, Block>, a: vec4f, keys: array<vec4f, 8>) {
  (*block).low += vec4f(dot(a, keys[0]), dot(a, keys[1]), dot(a, keys[2]), dot(a, keys[3]));
  (*block).high += vec4f(dot(a, keys[4]), dot(a, keys[5]), dot(a, keys[6]), dot(a, keys[7]));
}

fn weighted(p: Block, values: array<vec4f, 8>) -> vec4f {
  return p.low.x * values[0] + p.low.y * values[1] + p.low.z * values[2] + p.low.w * values[3]
    + p.high.x * values[4] + p.high.y * values[5] + p.high.z * values[6] + p.high.w * values[7];
}

fn broadcast(own: vec4f) -> array<vec4f, 8> {
  return array<vec4f, 8>(
    subgroupBroadcast(own, 0), subgroupBroadcast(own, 1), subgroupBroadcast(own, 2), subgroupBroadcast(own, 3),
    subgroupBroadcast(own, 4), subgroupBroadcast(own, 5), subgroupBroadcast(own, 6), subgroupBroadcast(own, 7));
}

/** Hides the keys that a query does not see. */
fn masked(block: Block, start: u32, seen: u32) -> Block {
  return Block(
    select(vec4f(lowest), block.low, vec4u(start) + vec4u(0, 1, 2, 3) < vec4u(seen)),
    select(vec4f(lowest), block.high, vec4u(start) + vec4u(4, 5, 6, 7) < vec4u(seen)));
}

fn highest(block: Block) -> f32 {
  let four = max(block.low, block.high);
  return max(max(four.x, four.y), max(four.z, four.w));
}

fn massOf(block: Block) -> f32 {
  let four = block.low + block.high;
  return (four.x + four.y) + (four.z + four.w);
}

@compute @workgroup_size(8)
fn main(@builtin(subgroup_invocation_id) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let i = vec2u(group.x * 16u + lane, group.x * 16u + lane + 8u);
  let row = (group.z * dims.Lq + min(i, vec2u(dims.Lq - 1u))) * dims.heads + group.y;
  // Keys that the two queries see, and those that any query of the workgroup sees.
  var seen = vec2u(dims.Lk);
  var end = dims.Lk;
  if (CAUSAL == 1u) {
    seen = min(seen, i + 1u + dims.Lk - dims.Lq);
    end = min(dims.Lk, group.x * 16u + 16u + dims.Lk - dims.Lq);
  }
  var query0: array<vec4f, most>;
  var query1: array<vec4f, most>;
  var sum0: array<vec4f, most>;
  var sum1: array<vec4f, most>;
  for (var d = 0u; d < D; d++) {
    query0[d] = q[row.x * D + d] * dims.scale;
    query1[d] = q[row.y * D + d] * dims.scale;
  }
  for (var d = 0u; d < DV; d++) {
    sum0[d] = vec4f(0.0);
    sum1[d] = vec4f(0.0);
  }
  var top = vec2f(lowest);
  var mass = vec2f(0.0);
  for (var start = 0u; start < end; start += 8u) {
    let key = (group.z * dims.Lk + min(start + lane, dims.Lk - 1u)) * dims.heads + group.y;
    var p0 = Block();
    var p1 = Block();
    for (var d = 0u; d < D; d++) {
      let keys = broadcast(k[key * D + d]);
      addProducts(&p0, query0[d], keys);
      addProducts(&p1, query1[d], keys);
    }
    p0 = masked(p0, start, seen.x);
    p1 = masked(p1, start, seen.y);
    let now = max(top, vec2f(highest(p0), highest(p1)));
    let correction = exp(top - now);
    top = now;
    p0 = Block(exp(p0.low - top.x), exp(p0.high - top.x));
    p1 = Block(exp(p1.low - top.y), exp(p1.high - top.y));
    mass = mass * correction + vec2f(massOf(p0), massOf(p1));
    for (var d = 0u; d < DV; d++) {
      let values = broadcast(v[key * DV + d]);
      sum0[d] = sum0[d] * correction.x + weighted(p0, values);
      sum1[d] = sum1[d] * correction.y + weighted(p1, values);
    }
  }
  let inverse = 1.0 / mass;
  for (var d = 0u; d < DV; d++) {
    let value = sum0[d] * inverse.x;
    for (var part = 0u; part < 4u; part++) { if (i.x < dims.Lq) { y[(row.x * DV + d) * 4u + part] = value[part]; } }
    let other = sum1[d] * inverse.y;
    for (var part = 0u; part < 4u; part++) { if (i.y < dims.Lq) { y[(row.y * DV + d) * 4u + part] = other[part]; } }
  }
  if (i.x < dims.Lq) { y[dims.lseAt + row.x] = top.x + log(mass.x); }
  if (i.y < dims.Lq) { y[dims.lseAt + row.y] = top.y + log(mass.y); }
}
