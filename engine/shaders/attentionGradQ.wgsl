// attentionGradQ - cotangent of the queries of attention, for devices with real workgroup memory.
//
//   p[i, j] = exp(scale * q[i] . k[j] - lse[i]),   dq[i] = scale * sum_j p[i, j] * (g[i] . v[j] - delta[i]) * k[j]
//
// bindings   0  q      read        realV  [B, Lq, heads, D]
//            1  k      read        realV  [B, Lk, heads, D]
//            2  v      read        realV  [B, Lk, heads, DV]
//            3  g      read        realV  [B, Lq, heads, DV]
//            4  lse    read        f32    [B, heads, Lq rounded up to fours]
//            5  delta  read        f32    [B, Lq, heads]      (y . g)
//            6  dq     read_write  V      [B, Lq, heads, D]
// workgroup  LANES queries of one head, one a lane; TILE keys at a time are shared (attentionTile and
//            attentionKeys come before)
// grid       [ceil(Lq / LANES), heads, B]
// cost       2 * (2 * D + DV) * WIDTH flops a pair; the keys are read ceil(Lq / LANES) times
// why        probabilities are made again from lse instead of being kept: Lq * Lk of them would not fit

struct Dims { heads: u32, Lq: u32, Lk: u32, scale: f32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> q: array<realV>;
@group(0) @binding(1) var<storage, read> k: array<realV>;
@group(0) @binding(2) var<storage, read> v: array<realV>;
@group(0) @binding(3) var<storage, read> g: array<realV>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read_write> dq: array<V>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let i = group.x * LANES + lane;
  let row = (group.z * dims.Lq + min(i, dims.Lq - 1u)) * dims.heads + group.y;
  let seen = seenBy(i);
  let end = seenBy(group.x * LANES + LANES - 1u);  // what any lane of the workgroup sees
  var query: array<V, most>;
  var upstream: array<V, most>;
  var sum: array<V, most>;
  for (var d = 0u; d < D; d++) {
    query[d] = V(q[row * D + d]) * dims.scale;
    sum[d] = V(0.0);
  }
  for (var d = 0u; d < DV; d++) { upstream[d] = V(g[row * DV + d]); }
  let rowLse = lse[lseRow(min(i, dims.Lq - 1u), group)];
  for (var start = 0u; start < end; start += TILE) {
    shareKeys(start, lane, group);
    // A count that is not constant also keeps software adapters from unrolling this loop.
    let count = min(TILE, end - start);
    for (var j = 0u; j < count; j++) {
      var score = V(0.0);
      var slope = V(0.0);
      for (var d = 0u; d < D; d++) { score += query[d] * keys[j * D + d]; }
      for (var d = 0u; d < DV; d++) { slope += upstream[d] * values[j * DV + d]; }
      let p = select(0.0, exp(total(score) - rowLse), start + j < seen);
      let weight = p * (total(slope) - delta[row]);
      for (var d = 0u; d < D; d++) { sum[d] += weight * keys[j * D + d]; }
    }
  }
  if (i >= dims.Lq) { return; }
  for (var d = 0u; d < D; d++) { dq[row * D + d] = sum[d] * dims.scale; }
}
