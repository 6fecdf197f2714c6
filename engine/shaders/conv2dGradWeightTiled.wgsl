// conv2dGradWeightTiled - weight gradient of a convolution as an implicit matrix product through workgroup memory.
//
//   y[part, o, n] = sum_k g[b, o, p] x[b, c, oh * STRIDE + kh - top, ow * STRIDE + kw - left],  k = (b, p) in part,
//   n = (c, kh, kw)
//
// bindings   0  x  read        real  [B, C, H, W]
//            1  g  read        real  [B, O, OH, OW]
//            2  y  read_write  f32   [parts, O, C, KH, KW]
// workgroup  a TILE_M x TILE_N tile of (o, n) (workgroupTile comes before); 256 lanes, k in steps of 16
// grid       [ceil(C * KH * KW / TILE_N), ceil(O / TILE_M), parts]
// cost       2 * B * O * OH * OW * C * KH * KW flops
// why        few weights make few tiles, so the pixels are cut into parts that a second pass adds in fixed order

override KH: u32 = 3;
override KW: u32 = 3;
override STRIDE: u32 = 1;

struct Dims {
  B: u32, C: u32, H: u32, W: u32,
  O: u32, OH: u32, OW: u32,
  top: i32, left: i32,
  part: u32,  // (b, p) pairs in a part
}
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<real>;
@group(0) @binding(1) var<storage, read> g: array<real>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn image(b: u32, p: u32, n: u32) -> f32 {
  let c = n / (KH * KW);
  let ih = i32(p / dims.OW * STRIDE + n / KW % KH) - dims.top;
  let iw = i32(p % dims.OW * STRIDE + n % KW) - dims.left;
  if (c >= dims.C || ih < 0 || iw < 0 || ih >= i32(dims.H) || iw >= i32(dims.W)) { return 0.0; }
  return f32(x[((b * dims.C + c) * dims.H + u32(ih)) * dims.W + u32(iw)]);
}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let m0 = group.y * TILE_M;
  let n0 = group.x * TILE_N;
  let size = dims.OH * dims.OW;
  let start = group.z * dims.part;
  let end = min(start + dims.part, dims.B * size);
  var sums = Sums();
  for (var k0 = start; k0 < end; k0 += STEP) {
    let k = k0 + lane % STEP;
    let b = k / size;
    let p = k % size;
    for (var i = lane / STEP; i < TILE_M; i += 16u) {
      var value = 0.0;
      if (k < end && m0 + i < dims.O) { value = f32(g[(b * dims.O + m0 + i) * size + p]); }
      tileA[lane % STEP * TILE_M + i] = value;
    }
    for (var i = lane / STEP; i < TILE_N; i += 16u) {
      var value = 0.0;
      if (k < end) { value = image(b, p, n0 + i); }
      tileB[lane % STEP * TILE_N + i] = value;
    }
    workgroupBarrier();
    addTiles(&sums, lane);
    workgroupBarrier();
  }
  let N = dims.C * KH * KW;
  for (var at = 0u; at < ROWS * QUADS; at++) {
    let m = m0 + rowOf(lane) + at / QUADS;
    let value = sums[at];
    for (var j = 0u; j < 4u; j++) {
      let n = n0 + columnOf(lane, at % QUADS) + j;
      if (m < dims.O && n < N) { y[(group.z * dims.O + m) * N + n] = value[j]; }
    }
  }
}
