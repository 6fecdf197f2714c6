// attentionSubgroup - softmax attention for software adapters with subgroups of eight lanes.
//
//   p[i, j] = exp(scale * q[i] . k[j] - lse[i]),   y[i] = sum_j p[i, j] * v[j]      in every (sample, head)
//
// bindings   0  q  read        real4  [B, Lq, heads, D]
//            1  k  read        real4  [B, Lk, heads, D]
//            2  v  read        real4  [B, Lk, heads, DV]
//            3  y  read_write  vec4f  [B, Lq, heads, DV], then at `lseAt` the lse [B, heads, ceil(Lq / 4)]
// workgroup  one subgroup: a lane has two queries, and in each block of 32 keys it loads four, eight apart
// grid       [ceil(Lq / 16), heads, B]
// cost       8 * (D + DV) flops a pair; the keys are read ceil(Lq / 16) times
// why        the scores of a block stay in registers (see eightLanes, which comes before) and sums wait in y, so one
//            short pipeline serves all widths

struct Dims { heads: u32, Lq: u32, Lk: u32, D: u32, DV: u32, causal: u32, lseAt: u32, scale: f32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> q: array<real4>;
@group(0) @binding(1) var<storage, read> k: array<real4>;
@group(0) @binding(2) var<storage, read> v: array<real4>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

/** Turns the products of a block into weights; returns the correction of what was summed before. */
fn soften(p: ptr<function, array<Eight, 4>>, start: u32, seen: u32, top: ptr<function, f32>,
  mass: ptr<function, f32>) -> f32 {
  var highest = *top;
  for (var c = 0u; c < 4u; c++) {
    let scores = Eight((*p)[c].low * dims.scale, (*p)[c].high * dims.scale);
    (*p)[c] = below(scores, lowest, start + 8u * c, seen);
    highest = max(highest, highestOf((*p)[c]));
  }
  let correction = exp(*top - highest);
  *top = highest;
  *mass *= correction;
  for (var c = 0u; c < 4u; c++) {
    (*p)[c] = Eight(exp((*p)[c].low - highest), exp((*p)[c].high - highest));
    *mass += sumOf((*p)[c]);
  }
  return correction;
}

@compute @workgroup_size(8)
fn main(@builtin(subgroup_invocation_id) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let i = group.x * 16u + lane * 2u + vec2u(0, 1);
  let row = (group.z * dims.Lq + min(i, vec2u(dims.Lq - 1u))) * dims.heads + group.y;
  // With a causal mask a query sees `ahead` keys more than its own number.
  let ahead = select(dims.Lk, 1u + dims.Lk - dims.Lq, dims.causal == 1u);
  let seen = min(vec2u(dims.Lk), i + ahead);
  let end = min(dims.Lk, group.x * 16u + 15u + ahead);
  var top0 = lowest;
  var top1 = lowest;
  var mass0 = 0.0;
  var mass1 = 0.0;
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
    let correction0 = soften(&p0, start, seen.x, &top0, &mass0);
    let correction1 = soften(&p1, start, seen.y, &top1, &mass1);
    let finish = select(vec2f(1.0), 1.0 / vec2f(mass0, mass1), start + 32u >= end);
    for (var d = 0u; d < dims.DV; d++) {
      var sum0 = vec4f(0.0);
      var sum1 = vec4f(0.0);
      if (start > 0u) {
        sum0 = y[row.x * dims.DV + d] * correction0;
        sum1 = y[row.y * dims.DV + d] * correction1;
      }
      for (var c = 0u; c < 4u; c++) {
        if (start + c * 8u < end) {
          let b = vectorsOfLanes(vec4f(v[key[c] * dims.DV + d]));
          sum0 = addWeighted(p0[c], b, sum0);
          sum1 = addWeighted(p1[c], b, sum1);
        }
      }
      if (i.x < dims.Lq) { y[row.x * dims.DV + d] = sum0 * finish.x; }
      if (i.y < dims.Lq) { y[row.y * dims.DV + d] = sum1 * finish.y; }
    }
  }
  // Two lanes make a vector of four queries.
  let lse = vec2f(top0, top1) + log(vec2f(mass0, mass1));
  let next = subgroupShuffleDown(lse, 1u);
  if (lane % 2u == 0u && i.x < dims.Lq) {
    y[dims.lseAt + (group.z * dims.heads + group.y) * ((dims.Lq + 3u) / 4u) + i.x / 4u] = vec4f(lse, next);
  }
}
