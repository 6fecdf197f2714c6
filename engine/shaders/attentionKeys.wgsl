// attentionKeys - keys and values that the queries of a workgroup share, behind attentionTile.

var<workgroup> keys: array<V, TILE * D>;
var<workgroup> values: array<V, TILE * DV>;

/** Keys that query i sees. */
fn seenBy(i: u32) -> u32 {
  if (CAUSAL == 1u) { return min(dims.Lk, i + 1u + dims.Lk - dims.Lq); }
  return dims.Lk;
}

/** Brings TILE keys and their values from `start` on; past the end the last again. */
fn shareKeys(start: u32, lane: u32, group: vec3u) {
  workgroupBarrier();
  for (var at = lane; at < TILE * D; at += LANES) {
    let j = min(start + at / D, dims.Lk - 1u);
    keys[at] = V(k[((group.z * dims.Lk + j) * dims.heads + group.y) * D + at % D]);
  }
  for (var at = lane; at < TILE * DV; at += LANES) {
    let j = min(start + at / DV, dims.Lk - 1u);
    values[at] = V(v[((group.z * dims.Lk + j) * dims.heads + group.y) * DV + at % DV]);
  }
  workgroupBarrier();
}
