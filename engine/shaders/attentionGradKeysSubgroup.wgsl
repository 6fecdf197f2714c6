// attentionGradKeysSubgroup - cotangents of keys and values of attention, for software adapters with eight lanes.
//
//   p[i, j] = exp(scale * q[i] . k[j] - lse[i])
//   dk[j] = scale * sum_i p[i, j] * (g[i] . v[j] - delta[i]) * q[i],   dv[j] = sum_i p[i, j] * g[i]
//
// bindings   0  q      read        real4  [B, Lq, heads, D]
//            1  k      read        real4  [B, Lk, heads, D]
//            2  v      read        real4  [B, Lk, heads, DV]
//            3  g      read        real4  [B, Lq, heads, DV]
//            4  lse    read        f32    [B, heads, Lq rounded up to fours]
//            5  delta  read        f32    [B, Lq, heads]      (y . g)
//            6  dkv    read_write  vec4f  at `keysAt` dk [B, Lk, heads, D], at `valuesAt` dv [B, Lk, heads, DV]
// workgroup  one subgroup: a lane has two keys, and in each block of 32 queries it loads four, eight apart
// grid       [ceil(Lk / 16), heads, B]
// cost       16 * (D + DV) flops a pair; the queries are read ceil(Lk / 16) times
// why        the scores of a block stay in registers (see eightLanes, which comes before) and sums wait in dkv

struct Dims { heads: u32, Lq: u32, Lk: u32, D: u32, DV: u32, causal: u32, keysAt: u32, valuesAt: u32, scale: f32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> q: array<real4>;
@group(0) @binding(1) var<storage, read> k: array<real4>;
@group(0) @binding(2) var<storage, read> v: array<real4>;
@group(0) @binding(3) var<storage, read> g: array<real4>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read_write> dkv: array<vec4f>;

/** `a` where i + index >= first, 0 elsewhere: queries that see a key. */
fn visible(a: Eight, i: u32, first: u32) -> Eight {
  let index = i + vec4u(0, 1, 2, 3);
  return Eight(
    select(vec4f(0.0), a.low, index >= vec4u(first)), select(vec4f(0.0), a.high, index + 4u >= vec4u(first)));
}

/** Turns the products q . k in `p` and g . v in `s` of eight queries into the factors of g in dv and of q in dk. */
fn factors(p: ptr<function, Eight>, s: ptr<function, Eight>, i: u32, first: u32, shift: Eight, slope: Eight) {
  let weight = Eight(exp((*p).low * dims.scale - shift.low), exp((*p).high * dims.scale - shift.high));
  *p = below(visible(weight, i, first), 0.0, i, dims.Lq);
  *s = Eight((*p).low * ((*s).low - slope.low) * dims.scale, (*p).high * ((*s).high - slope.high) * dims.scale);
}

@compute @workgroup_size(8)
fn main(@builtin(subgroup_invocation_id) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let j = group.x * 16u + lane * 2u + vec2u(0, 1);
  let row = (group.z * dims.Lk + min(j, vec2u(dims.Lk - 1u))) * dims.heads + group.y;
  // With a causal mask key j is seen from query j - (Lk - Lq) on.
  let behind = select(dims.Lk, dims.Lk - dims.Lq, dims.causal == 1u);
  let first = max(j, vec2u(behind)) - behind;
  let begin = (max(group.x * 16u, behind) - behind) / 32u * 32u;
  for (var start = begin; start < dims.Lq; start += 32u) {
    let i = min(start + lane + vec4u(0, 8, 16, 24), vec4u(dims.Lq - 1u));
    let queries = (group.z * dims.Lq + i) * dims.heads + group.y;
    let query = array<u32, 4>(queries.x, queries.y, queries.z, queries.w);
    var p0 = array<Eight, 4>();
    var p1 = array<Eight, 4>();
    for (var d = 0u; d < dims.D; d++) {
      let key0 = vec4f(k[row.x * dims.D + d]);
      let key1 = vec4f(k[row.y * dims.D + d]);
      for (var c = 0u; c < 4u; c++) {
        if (start + c * 8u < dims.Lq) {
          let b = vectorsOfLanes(vec4f(q[query[c] * dims.D + d]));
          p0[c] = addDots(key0, b, p0[c]);
          p1[c] = addDots(key1, b, p1[c]);
        }
      }
    }
    var s0 = array<Eight, 4>();
    var s1 = array<Eight, 4>();
    for (var d = 0u; d < dims.DV; d++) {
      let value0 = vec4f(v[row.x * dims.DV + d]);
      let value1 = vec4f(v[row.y * dims.DV + d]);
      for (var c = 0u; c < 4u; c++) {
        if (start + c * 8u < dims.Lq) {
          let b = vectorsOfLanes(vec4f(g[query[c] * dims.DV + d]));
          s0[c] = addDots(value0, b, s0[c]);
          s1[c] = addDots(value1, b, s1[c]);
        }
      }
    }
    for (var c = 0u; c < 4u; c++) {
      let shift = numbersOfLanes(lse[(group.z * dims.heads + group.y) * ((dims.Lq + 3u) / 4u * 4u) + i[c]]);
      let slope = numbersOfLanes(delta[query[c]]);
      factors(&p0[c], &s0[c], start + 8u * c, first.x, shift, slope);
      factors(&p1[c], &s1[c], start + 8u * c, first.y, shift, slope);
    }
    for (var d = 0u; d < dims.D; d++) {
      let at = dims.keysAt + row * dims.D + d;
      var sum0 = vec4f(0.0);
      var sum1 = vec4f(0.0);
      if (start > begin) {
        sum0 = dkv[at.x];
        sum1 = dkv[at.y];
      }
      for (var c = 0u; c < 4u; c++) {
        if (start + c * 8u < dims.Lq) {
          let b = vectorsOfLanes(vec4f(q[query[c] * dims.D + d]));
          sum0 = addWeighted(s0[c], b, sum0);
          sum1 = addWeighted(s1[c], b, sum1);
        }
      }
      if (j.x < dims.Lk) { dkv[at.x] = sum0; }
      if (j.y < dims.Lk) { dkv[at.y] = sum1; }
    }
    for (var d = 0u; d < dims.DV; d++) {
      let at = dims.valuesAt + row * dims.DV + d;
      var sum0 = vec4f(0.0);
      var sum1 = vec4f(0.0);
      if (start > begin) {
        sum0 = dkv[at.x];
        sum1 = dkv[at.y];
      }
      for (var c = 0u; c < 4u; c++) {
        if (start + c * 8u < dims.Lq) {
          let b = vectorsOfLanes(vec4f(g[query[c] * dims.DV + d]));
          sum0 = addWeighted(p0[c], b, sum0);
          sum1 = addWeighted(p1[c], b, sum1);
        }
      }
      if (j.x < dims.Lk) { dkv[at.x] = sum0; }
      if (j.y < dims.Lk) { dkv[at.y] = sum1; }
    }
  }
}
