// attentionGradQSubgroup - cotangent of the queries of attention, for software adapters with subgroups of eight lanes.
//
//   p[i, j] = exp(scale * q[i] . k[j] - lse[i]),   dq[i] = scale * sum_j p[i, j] * (g[i] . v[j] - delta[i]) * k[j]
//
// bindings   0  q      read        real4  [B, Lq, heads, D]
//            1  k      read        real4  [B, Lk, heads, D]
//            2  v      read        real4  [B, Lk, heads, DV]
//            3  g      read        real4  [B, Lq, heads, DV]
//            4  lse    read        f32    [B, heads, Lq rounded up to fours]
//            5  delta  read        f32    [B, Lq, heads]      (y . g)
//            6  dq     read_write  vec4f  [B, Lq, heads, D]
// workgroup  one subgroup: a lane has two queries, and in each block of 32 keys it loads four, eight apart
// grid       [ceil(Lq / 16), heads, B]
// cost       8 * (2 * D + DV) flops a pair; the keys are read ceil(Lq / 16) times
// why        the scores of a block stay in registers (see eightLanes, which comes before) and sums wait in dq

struct Dims { heads: u32, Lq: u32, Lk: u32, D: u32, DV: u32, causal: u32, scale: f32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> q: array<real4>;
@group(0) @binding(1) var<storage, read> k: array<real4>;
@group(0) @binding(2) var<storage, read> v: array<real4>;
@group(0) @binding(3) var<storage, read> g: array<real4>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read_write> dq: array<vec4f>;

/** Turns the products q . k in `p` and g . v in `s` of a block into the factors of the keys in dq, left in `s`. */
fn factors(p: array<Eight, 4>, s: ptr<function, array<Eight, 4>>, start: u32, seen: u32, shift: f32, slope: f32) {
  for (var c = 0u; c < 4u; c++) {
    let low = exp(p[c].low * dims.scale - shift) * ((*s)[c].low - slope) * dims.scale;
    let high = exp(p[c].high * dims.scale - shift) * ((*s)[c].high - slope) * dims.scale;
    (*s)[c] = below(Eight(low, high), 0.0, start + 8u * c, seen);
  }
}

@compute @workgroup_size(8)
fn main(@builtin(subgroup_invocation_id) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let i = group.x * 16u + lane * 2u + vec2u(0, 1);
  let inside = min(i, vec2u(dims.Lq - 1u));
  let row = (group.z * dims.Lq + inside) * dims.heads + group.y;
  let lseRow = (group.z * dims.heads + group.y) * ((dims.Lq + 3u) / 4u * 4u) + inside;
  // With a causal mask a query sees `ahead` keys more than its own number.
  let ahead = select(dims.Lk, 1u + dims.Lk - dims.Lq, dims.causal == 1u);
  let seen = min(vec2u(dims.Lk), i + ahead);
  let end = min(dims.Lk, group.x * 16u + 15u + ahead);
  for (var start = 0u; start < end; start += 32u) {
    let j = min(start + lane + vec4u(0, 8, 16, 24), vec4u(dims.Lk - 1u));
    let keys = (group.z * dims.Lk + j) * dims.heads + group.y;
    let key = array<u32, 4>(keys.x, keys.y, keys.z, keys.w);
    var p0 = array<Eight, 4>();
    var p1 = array<Eight, 4>();
    for (var d = 0u; d < dims.D; d++) {
      let query0 = vec4f(q[row.x * dims.D + d]);
      let query1 = vec4f(q[row.y * dims.D + d]);
      for (var c = 0u; c < 4u; c++) {
        if (start + c * 8u < end) {
          let b = vectorsOfLanes(vec4f(k[key[c] * dims.D + d]));
          p0[c] = addDots(query0, b, p0[c]);
          p1[c] = addDots(query1, b, p1[c]);
        }
      }
    }
    var s0 = array<Eight, 4>();
    var s1 = array<Eight, 4>();
    for (var d = 0u; d < dims.DV; d++) {
      let upstream0 = vec4f(g[row.x * dims.DV + d]);
      let upstream1 = vec4f(g[row.y * dims.DV + d]);
      for (var c = 0u; c < 4u; c++) {
        if (start + c * 8u < end) {
          let b = vectorsOfLanes(vec4f(v[key[c] * dims.DV + d]));
          s0[c] = addDots(upstream0, b, s0[c]);
          s1[c] = addDots(upstream1, b, s1[c]);
        }
      }
    }
    factors(p0, &s0, start, seen.x, lse[lseRow.x], delta[row.x]);
    factors(p1, &s1, start, seen.y, lse[lseRow.y], delta[row.y]);
    for (var d = 0u; d < dims.D; d++) {
      var sum0 = vec4f(0.0);
      var sum1 = vec4f(0.0);
      if (start > 0u) {
        sum0 = dq[row.x * dims.D + d];
        sum1 = dq[row.y * dims.D + d];
      }
      for (var c = 0u; c < 4u; c++) {
        if (start + c * 8u < end) {
          let b = vectorsOfLanes(vec4f(k[key[c] * dims.D + d]));
          sum0 = addWeighted(s0[c], b, sum0);
          sum1 = addWeighted(s1[c], b, sum1);
        }
      }
      if (i.x < dims.Lq) { dq[row.x * dims.D + d] = sum0; }
      if (i.y < dims.Lq) { dq[row.y * dims.D + d] = sum1; }
    }
  }
}
