// attentionGradKeys - cotangents of keys and values of attention, for devices with real workgroup memory.
//
//   p[i, j] = exp(scale * q[i] . k[j] - lse[i])
//   dk[j] = scale * sum_i p[i, j] * (g[i] . v[j] - delta[i]) * q[i],   dv[j] = sum_i p[i, j] * g[i]
//
// bindings   0  q      read        realV  [B, Lq, heads, D]
//            1  k      read        realV  [B, Lk, heads, D]
//            2  v      read        realV  [B, Lk, heads, DV]
//            3  g      read        realV  [B, Lq, heads, DV]
//            4  lse    read        f32    [B, heads, Lq rounded up to fours]
//            5  delta  read        f32    [B, Lq, heads]      (y . g)
//            6  dkv    read_write  V      at `keysAt` dk [B, Lk, heads, D], at `valuesAt` dv [B, Lk, heads, DV]
// workgroup  LANES keys of one head, one a lane; TILE queries at a time are shared in workgroup memory
//            (attentionTile comes before)
// grid       [ceil(Lk / LANES), heads, B]
// cost       4 * (D + DV) * WIDTH flops a pair; the queries are read ceil(Lk / LANES) times
// why        keys and values together, because both need the probabilities

struct Dims { heads: u32, Lq: u32, Lk: u32, keysAt: u32, valuesAt: u32, scale: f32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> q: array<realV>;
@group(0) @binding(1) var<storage, read> k: array<realV>;
@group(0) @binding(2) var<storage, read> v: array<realV>;
@group(0) @binding(3) var<storage, read> g: array<realV>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read_write> dkv: array<V>;

var<workgroup> queries: array<V, TILE * D>;
var<workgroup> upstream: array<V, TILE * DV>;
var<workgroup> rows: array<vec2f, TILE>;  // (lse, delta)

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let j = group.x * LANES + lane;
  let row = (group.z * dims.Lk + min(j, dims.Lk - 1u)) * dims.heads + group.y;
  // The first query that sees this lane's key, and the first that sees any key of the workgroup.
  var first = 0u;
  var begin = 0u;
  if (CAUSAL == 1u) {
    first = u32(max(0, i32(j) - i32(dims.Lk - dims.Lq)));
    begin = u32(max(0, i32(group.x * LANES) - i32(dims.Lk - dims.Lq))) / TILE * TILE;
  }
  var key: array<V, most>;
  var value: array<V, most>;
  var keySum: array<V, most>;
  var valueSum: array<V, most>;
  for (var d = 0u; d < D; d++) {
    key[d] = V(k[row * D + d]) * dims.scale;
    keySum[d] = V(0.0);
  }
  for (var d = 0u; d < DV; d++) {
    value[d] = V(v[row * DV + d]);
    valueSum[d] = V(0.0);
  }
  for (var start = begin; start < dims.Lq; start += TILE) {
    workgroupBarrier();
    for (var at = lane; at < TILE * D; at += LANES) {
      let i = min(start + at / D, dims.Lq - 1u);
      queries[at] = V(q[((group.z * dims.Lq + i) * dims.heads + group.y) * D + at % D]);
    }
    for (var at = lane; at < TILE * DV; at += LANES) {
      let i = min(start + at / DV, dims.Lq - 1u);
      upstream[at] = V(g[((group.z * dims.Lq + i) * dims.heads + group.y) * DV + at % DV]);
    }
    if (lane < TILE) {
      let i = min(start + lane, dims.Lq - 1u);
      let query = (group.z * dims.Lq + i) * dims.heads + group.y;
      rows[lane] = vec2f(lse[lseRow(i, group)], delta[query]);
    }
    workgroupBarrier();
    // A count that is not constant also keeps software adapters from unrolling this loop.
    let count = min(TILE, dims.Lq - start);
    for (var i = 0u; i < count; i++) {
      var score = V(0.0);
      var slope = V(0.0);
      for (var d = 0u; d < D; d++) { score += key[d] * queries[i * D + d]; }
      for (var d = 0u; d < DV; d++) { slope += value[d] * upstream[i * DV + d]; }
      let p = select(0.0, exp(total(score) - rows[i].x), start + i >= first);
      let weight = p * (total(slope) - rows[i].y) * dims.scale;
      for (var d = 0u; d < D; d++) { keySum[d] += weight * queries[i * D + d]; }
      for (var d = 0u; d < DV; d++) { valueSum[d] += p * upstream[i * DV + d]; }
    }
  }
  if (j >= dims.Lk) { return; }
  for (var d = 0u; d < D; d++) { dkv[dims.keysAt + row * D + d] = keySum[d]; }
  for (var d = 0u; d < DV; d++) { dkv[dims.valuesAt + row * DV + d] = valueSum[d]; }
}
