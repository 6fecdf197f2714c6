// attentionWeightsSubgroup - weights of attention and the factors of its gradients, kept for the products that follow.
//
//   p[j, i] = exp(scale * q[i] . k[j] - lse[i]),   s[j, i] = scale * p[j, i] * (g[i] . v[j] - delta[i])
//
// bindings   0  q      read        real2  [B, Lq, heads, D]
//            1  k      read        real2  [B, Lk, heads, D]
//            2  v      read        real2  [B, Lk, heads, DV]
//            3  g      read        real2  [B, Lq, heads, DV]
//            4  lse    read        vec4f  [B, heads, stride]
//            5  delta  read        f32    [B, Lq, heads]      (y . g)
//            6  p      read_write  vec4f  [B, heads, Lk, stride]
//            7  s      read_write  vec4f  [B, heads, Lk, stride]
// workgroup  one subgroup of 8 lanes: 16 keys x 32 queries, a lane holding 4 neighbouring queries
// grid       [ceil(Lq / 32), ceil(Lk / 16), B * heads]
// cost       2 * (D + DV) flops a pair; 6 loads of two values feed 16 x 32 pairs x 2 steps of a head
// why        as in registerTile, which comes before; by keys, so that the products with the queries read along rows

alias V = vec4f;

struct Dims {
  heads: u32, Lq: u32, Lk: u32,
  D: u32, DV: u32,  // in pairs of values
  stride: u32,      // Lq rounded up to fours
  scale: f32,
}
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> q: array<real2>;
@group(0) @binding(1) var<storage, read> k: array<real2>;
@group(0) @binding(2) var<storage, read> v: array<real2>;
@group(0) @binding(3) var<storage, read> g: array<real2>;
@group(0) @binding(4) var<storage, read> lse: array<vec4f>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read_write> p: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> s: array<vec4f>;

fn pairOf(a: vec2f, b: vec2f, c: vec2f, d: vec2f) -> Pair { return Pair(V(a.x, b.x, c.x, d.x), V(a.y, b.y, c.y, d.y)); }

fn storeRow(at: u32, score: V, slope: V, shift: V, mean: V) {
  let weight = exp(score * dims.scale - shift);
  p[at] = weight;
  s[at] = weight * (slope - mean) * dims.scale;
}

fn storeRows(at: u32, count: u32, scores: Rows, slopes: Rows, shift: V, mean: V) {
  var a = scores;
  var b = slopes;
  let row = dims.stride / 4u;
  for (var j = 0u; j < min(count, 8u); j += 2u) {
    storeRow(at + j * row, a.r0, b.r0, shift, mean);
    if (j + 1u < count) { storeRow(at + (j + 1u) * row, a.r1, b.r1, shift, mean); }
    a = twoUp(a);
    b = twoUp(b);
  }
}

@compute @workgroup_size(8)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let head = group.z % dims.heads;
  let sample = group.z / dims.heads;
  let i = (group.x * 8u + lane) * 4u;
  let j = group.y * 16u;
  // Past the edge the last query or key is taken again.
  let queries = (sample * dims.Lq + min(i + vec4u(0, 1, 2, 3), vec4u(dims.Lq - 1u))) * dims.heads + head;
  let keys = (sample * dims.Lk + min(j + lane + vec2u(0, 8), vec2u(dims.Lk - 1u))) * dims.heads + head;
  var top: Rows;
  var bottom: Rows;
  for (var d = 0u; d < dims.D; d++) {
    let at = queries * dims.D + d;
    let right = pairOf(vec2f(q[at.x]), vec2f(q[at.y]), vec2f(q[at.z]), vec2f(q[at.w]));
    top = addRows(top, vec2f(k[keys.x * dims.D + d]), right);
    bottom = addRows(bottom, vec2f(k[keys.y * dims.D + d]), right);
  }
  var slopesTop: Rows;
  var slopesBottom: Rows;
  for (var d = 0u; d < dims.DV; d++) {
    let at = queries * dims.DV + d;
    let right = pairOf(vec2f(g[at.x]), vec2f(g[at.y]), vec2f(g[at.z]), vec2f(g[at.w]));
    slopesTop = addRows(slopesTop, vec2f(v[keys.x * dims.DV + d]), right);
    slopesBottom = addRows(slopesBottom, vec2f(v[keys.y * dims.DV + d]), right);
  }
  if (i >= dims.Lq) { return; }
  let shift = lse[(group.z * dims.stride + i) / 4u];
  let mean = V(delta[queries.x], delta[queries.y], delta[queries.z], delta[queries.w]);
  let at = ((group.z * dims.Lk + j) * dims.stride + i) / 4u;
  storeRows(at, dims.Lk - j, top, slopesTop, shift, mean);
  if (dims.Lk > j + 8u) { storeRows(at + 2u * dims.stride, dims.Lk - j - 8u, bottom, slopesBottom, shift, mean); }
}
