// conv2dTerms - the operands of a convolution, or of its input gradient, as those of a matrix product.
//
// Row m and column (b, p) of y add up weight(m, k) * image(pixel(column), k) over k = (c, kh, kw). Zeros where there is
// no such weight or pixel, so that kernels may fill whole tiles.
//
// bindings   0  x  read  real  [B, C, H, W]
//            1  w  read  real  weights at m * strideM + c * strideC + tap; taps in reverse where `reverse` is 1

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

fn weight(m: u32, k: u32) -> real {
  if (m >= dims.M || k >= dims.C * KH * KW) { return real(); }
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

fn image(corner: vec3i, k: u32) -> real {
  let c = k / (KH * KW);
  let at = corner.yz + vec2i(vec2u(k / KW % KH, k % KW));
  let whole = at / i32(DILATE);
  let inside = all(at >= vec2i(0)) && all(whole * i32(DILATE) == at)
    && whole.x < i32(dims.H) && whole.y < i32(dims.W) && c < dims.C && corner.x < i32(dims.B);
  if (!inside) { return real(); }
  return x[((u32(corner.x) * dims.C + c) * dims.H + u32(whole.x)) * dims.W + u32(whole.y)];
}
