// conv2dSubgroup - convolution and its input gradient as an implicit matrix product in registers.
//
//   y[b, m, oh, ow] = sum over c, fh, fw of w[m, c, fh, fw] x[b, c, ih, iw]
//   ih = (oh * STRIDE + fh - top) / STEP where that is a whole number inside x, else the term is 0; iw likewise
//
// bindings   0  x  read        real   [B, C, H, W]
//            1  w  read        real   weights at m * strideM + c * strideC + tap; taps in reverse where `reverse` is 1
//            2  y  read_write  vec4f  [B, M, OH, OW]; rows of OH * OW through finish4 with WHOLE, else finish
// workgroup  one subgroup of 8 lanes: ROWS channels m (4, 8 or 16) x 32 pixels, a lane holding 4 pixels of one row
// grid       [ceil(M / ROWS) * STEP * STEP, ceil(pixel quads / 8) folded over y and z, ..]
// cost       2 * B * M * OH * OW * C * KH * KW / STEP^2 flops; 12 loads feed 16 * 32 pixels x 3 taps of a 3x3 kernel
// why        neighbouring pixels share their window: 4 pixels x 3 taps take 6 loads. With STEP > 1 (the input
//            gradient of a strided convolution) pixels of one phase meet every STEP-th tap, so a workgroup takes
//            pixels of one phase only and skips the taps that fall between. Weights go round by broadcasts.

override TAPS: u32 = 3;    // taps of a kernel row that are unrolled, at most 4
override STRIDE: u32 = 1;  // 1 or 2; 1 where STEP is not 1
override STEP: u32 = 1;
override ROWS: u32 = 16;   // 4, 8 or 16
override WHOLE: u32 = 1;   // whether STEP is 1 and OW a multiple of four, so that pixels are stored by fours

struct Dims {
  B: u32, C: u32, H: u32, W: u32,
  M: u32, OH: u32, OW: u32,
  KH: u32, KW: u32,
  top: i32, left: i32,
  strideM: u32, strideC: u32, reverse: u32,
}
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<real>;
@group(0) @binding(1) var<storage, read> w: array<real>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

struct Rows { r0: vec4f, r1: vec4f, r2: vec4f, r3: vec4f, r4: vec4f, r5: vec4f, r6: vec4f, r7: vec4f }

// Four pixels at the taps of one kernel row; column t holds them at tap t. Nothing is read where `inside` is false.
fn window(at: u32, column: i32, inside: bool) -> mat4x4f {
  var pixels: array<f32, 10>;
  for (var i = 0u; i < 3u * STRIDE + TAPS; i++) {
    let ok = inside && u32(column + i32(i)) < dims.W;
    pixels[i] = select(0.0, f32(x[select(0u, at + i, ok)]), ok);
  }
  var taps: mat4x4f;
  for (var t = 0u; t < TAPS; t++) {
    taps[t] = vec4f(pixels[t], pixels[t + STRIDE], pixels[t + 2u * STRIDE], pixels[t + 3u * STRIDE]);
  }
  return taps;
}

// Weights of the same taps for the row of this lane; 0 past the end of the kernel.
fn weights(at: i32, direction: i32, tap: u32) -> vec4f {
  var v: vec4f;
  for (var t = 0u; t < TAPS; t++) {
    let ok = tap + t * STEP < dims.KW;
    v[t] = select(0.0, f32(w[select(0, at + direction * i32(t * STEP), ok)]), ok);
  }
  return v;
}

fn add(sum: vec4f, v: vec4f, taps: mat4x4f) -> vec4f {
  var s = fma(v.xxxx, taps[0], sum);
  if (TAPS > 1u) { s = fma(v.yyyy, taps[1], s); }
  if (TAPS > 2u) { s = fma(v.zzzz, taps[2], s); }
  if (TAPS > 3u) { s = fma(v.wwww, taps[3], s); }
  return s;
}

fn addRows(s: Rows, v: vec4f, taps: mat4x4f) -> Rows {
  if (ROWS == 4u) {
    return Rows(add(s.r0, subgroupBroadcast(v, 0u), taps), add(s.r1, subgroupBroadcast(v, 1u), taps),
      add(s.r2, subgroupBroadcast(v, 2u), taps), add(s.r3, subgroupBroadcast(v, 3u), taps), s.r4, s.r5, s.r6, s.r7);
  }
  return Rows(add(s.r0, subgroupBroadcast(v, 0u), taps), add(s.r1, subgroupBroadcast(v, 1u), taps),
    add(s.r2, subgroupBroadcast(v, 2u), taps), add(s.r3, subgroupBroadcast(v, 3u), taps),
    add(s.r4, subgroupBroadcast(v, 4u), taps), add(s.r5, subgroupBroadcast(v, 5u), taps),
    add(s.r6, subgroupBroadcast(v, 6u), taps), add(s.r7, subgroupBroadcast(v, 7u), taps));
}

fn moveUp(s: Rows, last: vec4f) -> Rows { return Rows(s.r1, s.r2, s.r3, s.r4, s.r5, s.r6, s.r7, last); }

@compute @workgroup_size(8)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let phase = vec2u(group.x / STEP % STEP, group.x % STEP);
  let size = (vec2u(dims.OH, dims.OW) + STEP - 1u - phase) / STEP;  // pixels of this phase, perhaps none
  let quads = max((size.y + 3u) / 4u, 1u);
  let quad = (group.z * groups.y + group.y) * 8u + lane;
  let b = quad / (max(size.x, 1u) * quads);
  let row = quad / quads % max(size.x, 1u);
  let column = quad % quads * 4u;
  let count = select(0u, min(4u, size.y - column), b < dims.B && size.x > 0u);

  // First tap that meets this phase, and the place in x of tap 0 of those.
  let ahead = vec2i(phase) - vec2i(dims.top, dims.left);
  let tap0 = (vec2u(-ahead + i32(STEP) * 64)) % STEP;
  let corner = vec2i(vec2u(row, column)) * i32(STRIDE) + (ahead + vec2i(tap0)) / i32(STEP);
  let tapRows = (dims.KH - tap0.x + STEP - 1u) / STEP;
  let direction = select(1, -1, dims.reverse == 1u);
  let tapStart = select(0u, dims.KH * dims.KW - 1u, dims.reverse == 1u);
  let m0 = group.x / (STEP * STEP) * ROWS;
  let rowA = min(m0 + lane, dims.M - 1u) * dims.strideM + tapStart;
  let rowB = min(m0 + 8u + lane, dims.M - 1u) * dims.strideM + tapStart;

  var top: Rows;
  var bottom: Rows;
  var c = select(0u, dims.C, tapRows == 0u);
  var i = 0u;
  var tap = tap0.y;
  while (c < dims.C) {
    let ih = corner.x + i32(i);
    let iw = corner.y + i32((tap - tap0.y) / STEP);
    let inside = count > 0u && u32(ih) < dims.H;
    let taps = window(u32(i32((b * dims.C + c) * dims.H * dims.W) + ih * i32(dims.W) + iw), iw, inside);
    let at = i32(c * dims.strideC) + direction * i32((tap0.x + i * STEP) * dims.KW + tap);
    top = addRows(top, weights(i32(rowA) + at, direction, tap), taps);
    if (ROWS == 16u) { bottom = addRows(bottom, weights(i32(rowB) + at, direction, tap), taps); }
    tap += TAPS * STEP;
    let rowDone = tap >= dims.KW;
    tap = select(tap, tap0.y, rowDone);
    i += select(0u, 1u, rowDone);
    let channelDone = i >= tapRows;
    i = select(i, 0u, channelDone);
    c += select(0u, 1u, channelDone);
  }
  // A loop, not 16 stores in a row: those would double the time that the compiler takes.
  for (var m = m0; m < min(m0 + ROWS, dims.M); m++) {
    let image = b * dims.M + m;
    let at = (image * dims.OH + row * STEP + phase.x) * dims.OW + column * STEP + phase.y;
    if (WHOLE == 1u) { if (count > 0u) { y[at / 4u] = finish4(at, image, top.r0); } }
    else {
      for (var pixel = 0u; pixel < count; pixel++) {
        let place = at + pixel * STEP;
        y[place / 4u][place % 4u] = finish(place, image, top.r0[pixel]);
      }
    }
    top = moveUp(top, bottom.r0);
    bottom = moveUp(bottom, bottom.r7);
  }
}
