// conv2dSubgroupMatrix - convolution and its input gradient as one implicit product on subgroup matrices.
//
//   y[b, m, p] = sum_k w[m, k] x[b, c, ih, iw],  k = (c, kh, kw)
//   ih = (oh * STRIDE + kh - top) / DILATE where that is a whole number inside x, else the term is 0; iw likewise
//
// bindings   0  x  read        f16  [B, C, H, W]
//            1  w  read        f16  weights, as conv2dTerms, which comes before, reads them
//            2  y  read_write  f32  [B, M, OH, OW]; rows of OH * OW through finish
// workgroup  a block of BLOCK_M x BLOCK_N of (m, b and p); LANES lanes, of which the first SUBGROUPS subgroups multiply
// grid       [ceil(M / BLOCK_M), ceil(B * OH * OW / BLOCK_N) folded over y and z, ..]
// cost       2 * B * M * OH * OW * C * KH * KW flops
// why        as conv2dTiled, for matrix units: nothing is unfolded but what a block reads next

@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// Pixels that the lanes take at once; each keeps to its own.
const PIXELS = min(LANES, BLOCK_N);

fn fill(lane: u32, m0: u32, n0: u32, k0: u32) {
  for (var i = lane; i < BLOCK_M * STEP; i += LANES) {
    tileA[i / STEP * PITCH_A + i % STEP] = weight(m0 + i / STEP, k0 + i % STEP);
  }
  for (var n = lane % PIXELS; n < BLOCK_N; n += PIXELS) {
    let corner = pixel(n0 + n);
    for (var k = lane / PIXELS; k < STEP; k += LANES / PIXELS) { tileB[k * PITCH_B + n] = image(corner, k0 + k); }
  }
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let m0 = group.x * BLOCK_M;
  let n0 = (group.z * groups.y + group.y) * BLOCK_N;
  var sums: Sums;
  clear(&sums);
  for (var k0 = 0u; k0 < dims.C * KH * KW; k0 += STEP) {
    fill(lane, m0, n0, k0);
    workgroupBarrier();
    if (subgroup < SUBGROUPS) { multiplyTiles(subgroup, &sums); }
    workgroupBarrier();
  }
  let size = dims.OH * dims.OW;
  for (var tile = 0u; tile < TILES; tile++) {
    if (subgroup < SUBGROUPS) { put(subgroup * M * N, sums[tile]); }
    workgroupBarrier();
    for (var e = lane; e < SUBGROUPS * M * N; e += LANES) {
      let place = placeOf(e, tile);
      let m = m0 + place.x;
      let n = n0 + place.y;
      let r = n / size * dims.M + m;
      let at = r * size + n % size;
      if (m < dims.M && n < dims.B * size) { y[at] = finish(at, r, staged[e]); }
    }
    workgroupBarrier();
  }
}
