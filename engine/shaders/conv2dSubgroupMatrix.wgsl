// conv2dSubgroupMatrix - convolution and its input gradient as one implicit product on subgroup matrices.
//
//   y[b, m, p] = sum_k w[m, k] x[b, c, ih, iw],  k = (c, kh, kw)
//   ih = (oh * STRIDE + kh - top) / DILATE where that is a whole number inside x, else the term is 0; iw likewise
//
// bindings   0  x  read        f16  [B, C, H, W]
//            1  w  read        f16  weights at m * strideM + c * strideC + tap; taps in reverse where `reverse` is 1
//            2  y  read_write  f32  [B, M, OH, OW]; rows of OH * OW through finish
// workgroup  a block of BLOCK_M x BLOCK_N of (m, b and p); LANES lanes, of which the first SUBGROUPS subgroups multiply
// grid       [ceil(M / BLOCK_M), ceil(B * OH * OW / BLOCK_N) folded over y and z, ..]
// cost       2 * B * M * OH * OW * C * KH * KW flops
// why        as conv2dTiled, for matrix units: nothing is unfolded but what a block reads next

override KH: u32 = 3;
override KW: u32 = 3;
override STRIDE: u32 = 1;
override DILATE: u32 = 1;

struct Dims {
  B: u32, C: u32, H: u32, W: u32,
  M: u32, OH: u32, OW: u32,
  top: i32, left: i32,
  strideM: u32, strideC: u32, reverse: u32,
}
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<f16>;
@group(0) @binding(1) var<storage, read> w: array<f16>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// Pixels that the lanes take at once; each keeps to its own.
const PIXELS = min(LANES, BLOCK_N);

fn weight(m: u32, k: u32) -> f16 {
  if (m >= dims.M || k >= dims.C * KH * KW) { return 0.0h; }
  let tap = k % (KH * KW);
  let place = select(tap, KH * KW - 1u - tap, dims.reverse == 1u);
  return w[m * dims.strideM + k / (KH * KW) * dims.strideC + place];
}

// Image and corner of the window of an output pixel, before division by DILATE; beyond all images where there is none.
fn pixel(column: u32) -> vec3i {
  let size = dims.OH * dims.OW;
  let p = column % size;
  return vec3i(vec3u(column / size, p / dims.OW * STRIDE, p % dims.OW * STRIDE)) - vec3i(0, dims.top, dims.left);
}

fn image(corner: vec3i, k: u32) -> f16 {
  let c = k / (KH * KW);
  let at = corner.yz + vec2i(vec2u(k / KW % KH, k % KW));
  let whole = at / i32(DILATE);
  let inside = all(at >= vec2i(0)) && all(whole * i32(DILATE) == at)
    && whole.x < i32(dims.H) && whole.y < i32(dims.W) && c < dims.C && corner.x < i32(dims.B);
  if (!inside) { return 0.0h; }
  return x[((u32(corner.x) * dims.C + c) * dims.H + u32(whole.x)) * dims.W + u32(whole.y)];
}

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
