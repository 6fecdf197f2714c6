// conv2dTiled - convolution and its input gradient as one implicit matrix product through workgroup memory.
//
//   y[b, m, p] = sum_k w[m, k] x[b, c, ih, iw],  k = (c, kh, kw)
//   ih = (oh * STRIDE + kh - top) / DILATE where that is a whole number inside x, else the term is 0; iw likewise
//
// bindings   0  x  read        real  [B, C, H, W]
//            1  w  read        real  weights at m * strideM + c * strideC + tap; taps in reverse where `reverse` is 1
//            2  y  read_write  f32  [B, M, OH, OW]; rows of OH * OW through finish
// workgroup  a TILE_M x TILE_N tile of (m, b and p) (workgroupTile comes before); 256 lanes, k in steps of 16
// grid       [ceil(M / TILE_M), ceil(B * OH * OW / TILE_N) folded over y and z, ..]
// cost       2 * B * M * OH * OW * C * KH * KW flops
// why        nothing is unfolded in memory; the input gradient of a strided convolution is the same sum with the
//            roles of STRIDE and DILATE exchanged and the taps reversed

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

@group(0) @binding(0) var<storage, read> x: array<real>;
@group(0) @binding(1) var<storage, read> w: array<real>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn weight(m: u32, k: u32) -> f32 {
  if (m >= dims.M || k >= dims.C * KH * KW) { return 0.0; }
  let tap = k % (KH * KW);
  let place = select(tap, KH * KW - 1u - tap, dims.reverse == 1u);
  return f32(w[m * dims.strideM + k / (KH * KW) * dims.strideC + place]);
}

// Corner of the window of output pixel p of image b, before division by DILATE; beyond all images where there is none.
fn pixel(column: u32) -> vec3i {
  let size = dims.OH * dims.OW;
  let p = column % size;
  return vec3i(vec3u(column / size, p / dims.OW * STRIDE, p % dims.OW * STRIDE)) - vec3i(0, dims.top, dims.left);
}

fn image(corner: vec3i, k: u32) -> f32 {
  let c = k / (KH * KW);
  let at = corner.yz + vec2i(vec2u(k / KW % KH, k % KW));
  let whole = at / i32(DILATE);
  let inside = all(at >= vec2i(0)) && all(whole * i32(DILATE) == at)
    && whole.x < i32(dims.H) && whole.y < i32(dims.W) && c < dims.C && corner.x < i32(dims.B);
  if (!inside) { return 0.0; }
  return f32(x[((u32(corner.x) * dims.C + c) * dims.H + u32(whole.x)) * dims.W + u32(whole.y)]);
}

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
      tileA[i % STEP * TILE_M + i / STEP] = weight(m0 + i / STEP, k0 + i % STEP);
    }
    for (var i = lane; i < TILE_N * STEP; i += 256u) { tileB[i] = image(corner, k0 + i / TILE_N); }
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
