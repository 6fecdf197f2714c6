// conv2dGradWeightSubgroup - weight gradient of a convolution as an implicit matrix product in registers.
//
//   y[part, o, c, kh, kw] = sum over (b, oh) in part, ow of g[b, o, oh, ow] x[b, c, ih, iw]
//   ih = oh * STRIDE + kh - top, iw = ow * STRIDE + kw - left
//
// bindings   0  x  read        real  [B, C, H, W]
//            1  g  read        real  [B, O, OH, OW]
//            2  y  read_write  f32   [parts, O, C, KH, KW]
// workgroup  one subgroup of 8 lanes: ROWS channels o x 8 channels c (one a lane) x TAPS taps of one kernel row
// grid       [ceil(C / 8) * KH * ceil(KW / TAPS), ceil(O / ROWS), parts]
// cost       2 * B * O * OH * OW * C * KH * KW flops; 14 loads feed 16 * 8 * 3 weights x 4 pixels of a 3x3 kernel
// why        the taps of a row share their window of x, and g goes round by broadcasts, so loads are few

override TAPS: u32 = 3;    // at most 4
override STRIDE: u32 = 1;  // 1 or 2
override ROWS: u32 = 16;   // 4, 8 or 16

struct Dims {
  B: u32, C: u32, H: u32, W: u32,
  O: u32, OH: u32, OW: u32,
  KH: u32, KW: u32,
  top: i32, left: i32,
  part: u32,  // rows (b, oh) in a part
}
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<real>;
@group(0) @binding(1) var<storage, read> g: array<real>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// One vec4f a channel o: a component a tap.
struct Rows { r0: vec4f, r1: vec4f, r2: vec4f, r3: vec4f, r4: vec4f, r5: vec4f, r6: vec4f, r7: vec4f }

// Column i holds what pixel i of four meets at the taps. Nothing is read where `inside` is false.
fn window(at: u32, column: i32, inside: bool) -> mat4x4f {
  var pixels: array<f32, 10>;
  for (var i = 0u; i < 3u * STRIDE + TAPS; i++) {
    let ok = inside && u32(column + i32(i)) < dims.W;
    pixels[i] = select(0.0, f32(x[select(0u, at + i, ok)]), ok);
  }
  var four: mat4x4f;
  for (var i = 0u; i < 4u; i++) {
    for (var t = 0u; t < TAPS; t++) { four[i][t] = pixels[i * STRIDE + t]; }
  }
  return four;
}

// Four neighbouring values of a row of g that has `left` of them; 0 past its end.
fn cotangents(at: u32, left: u32) -> vec4f {
  var v: vec4f;
  for (var i = 0u; i < 4u; i++) { v[i] = select(0.0, f32(g[at + min(i, left - 1u)]), i < left); }
  return v;
}

fn add(sum: vec4f, v: vec4f, four: mat4x4f) -> vec4f {
  return fma(v.wwww, four[3], fma(v.zzzz, four[2], fma(v.yyyy, four[1], fma(v.xxxx, four[0], sum))));
}

fn addRows(s: Rows, v: vec4f, four: mat4x4f) -> Rows {
  if (ROWS == 4u) {
    return Rows(add(s.r0, subgroupBroadcast(v, 0u), four), add(s.r1, subgroupBroadcast(v, 1u), four),
      add(s.r2, subgroupBroadcast(v, 2u), four), add(s.r3, subgroupBroadcast(v, 3u), four), s.r4, s.r5, s.r6, s.r7);
  }
  return Rows(add(s.r0, subgroupBroadcast(v, 0u), four), add(s.r1, subgroupBroadcast(v, 1u), four),
    add(s.r2, subgroupBroadcast(v, 2u), four), add(s.r3, subgroupBroadcast(v, 3u), four),
    add(s.r4, subgroupBroadcast(v, 4u), four), add(s.r5, subgroupBroadcast(v, 5u), four),
    add(s.r6, subgroupBroadcast(v, 6u), four), add(s.r7, subgroupBroadcast(v, 7u), four));
}

fn moveUp(s: Rows, last: vec4f) -> Rows { return Rows(s.r1, s.r2, s.r3, s.r4, s.r5, s.r6, s.r7, last); }

@compute @workgroup_size(8)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let blocks = (dims.KW + TAPS - 1u) / TAPS;
  let tap = group.x % blocks * TAPS;
  let kh = group.x / blocks % dims.KH;
  let c = group.x / (blocks * dims.KH) * 8u + lane;
  let o0 = group.y * ROWS;
  let rowA = min(o0 + lane, dims.O - 1u);
  let rowB = min(o0 + 8u + lane, dims.O - 1u);
  let start = group.z * dims.part;
  let end = min(start + dims.part, dims.B * dims.OH);

  var top: Rows;
  var bottom: Rows;
  var row = start;
  var b = start / dims.OH;
  var oh = start % dims.OH;
  var ow = 0u;
  while (row < end) {
    let ih = i32(oh * STRIDE + kh) - dims.top;
    let iw = i32(ow * STRIDE + tap) - dims.left;
    let at = i32((b * dims.C + c) * dims.H * dims.W) + ih * i32(dims.W) + iw;
    let four = window(u32(at), iw, c < dims.C && u32(ih) < dims.H);
    let size = dims.OH * dims.OW;
    let pixel = b * dims.O * size + oh * dims.OW + ow;
    top = addRows(top, cotangents(pixel + rowA * size, dims.OW - ow), four);
    if (ROWS == 16u) { bottom = addRows(bottom, cotangents(pixel + rowB * size, dims.OW - ow), four); }
    ow += 4u;
    let rowDone = ow >= dims.OW;
    ow = select(ow, 0u, rowDone);
    row += select(0u, 1u, rowDone);
    oh += select(0u, 1u, rowDone);
    let imageDone = oh == dims.OH;
    oh = select(oh, 0u, imageDone);
    b += select(0u, 1u, imageDone);
  }
  let count = select(0u, min(TAPS, dims.KW - tap), c < dims.C);
  // A loop, not 16 stores in a row: those would double the time that the compiler takes.
  for (var o = o0; o < min(o0 + ROWS, dims.O); o++) {
    let at = (((group.z * dims.O + o) * dims.C + c) * dims.KH + kh) * dims.KW + tap;
    for (var t = 0u; t < TAPS; t++) { if (t < count) { y[at + t] = top.r0[t]; } }
    top = moveUp(top, bottom.r0);
    bottom = moveUp(bottom, bottom.r7);
  }
}
