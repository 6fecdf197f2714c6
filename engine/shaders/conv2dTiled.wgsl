// conv2dTiled - convolution and its input gradient as one implicit matrix product through workgroup memory.
//
//   y[b, m, p] = sum_k w[m, k] x[b, c, ih, iw],  k = (c, kh, kw)
//   ih = (oh * STRIDE + kh - top) / DILATE where that is a whole number inside x, else the term is 0; iw likewise
//
// bindings   0  x  read        real  [B, C, H, W]
//            1  w  read        real  weights, as conv2dTerms, which comes before, reads them
//            2  y  read_write  f32  [B, M, OH, OW]; rows of OH * OW through finish
// workgroup  a TILE_M x TILE_N tile of (m, b and p) (workgroupTile comes before); 256 lanes, k in steps of 16
// grid       [ceil(M / TILE_M), ceil(B * OH * OW / TILE_N) folded over y and z, ..]
// cost       2 * B * M * OH * OW * C * KH * KW flops
// why        nothing is unfolded in memory; the input gradient of a strided convolution is the same sum with the
//            roles of STRIDE and DILATE exchanged and the taps reversed

@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let m0 = group.x * TILE_M;
  let n0 = (group.z * groups.y + group.y) * TILE_N;
  let corner = pixel(n0 + lane % TILE_N);
  var sums = Sums();
  for (var k0 = 0u; k0 < dims.C * KH * KW; k0 += STEP) {
    for (var i = lane; i < TILE_M * STEP; i += 256u) {
      tileA[i % STEP * TILE_M + i / STEP] = f32(weight(m0 + i / STEP, k0 + i % STEP));
    }
    for (var i = lane; i < TILE_N * STEP; i += 256u) { tileB[i] = f32(image(corner, k0 + i / TILE_N)); }
    workgroupBarrier();
    addTiles(&sums, lane);
    workgroupBarrier();
  }
  let size = dims.OH * dims.OW;
  for (var at = 0u; at < ROWS * QUADS; at++) {
    let m = m0 + rowOf(lane) + at / QUADS;
    let value = sums[at];
    for (var j = 0u; j < 4u; j++) {
      let n = n0 + columnOf(lane, at % QUADS) + j;
      let r = n / size * dims.M + m;
      let to = r * size + n % size;
      if (m < dims.M && n < dims.B * size) { y[to] = finish(to, r, value[j]); }
    }
  }
}
