// matmulSubgroup - batched matrix product in registers, for adapters where loads cost more than arithmetic.
//
//   y[batch, m, n] = sum_k a[m, k] b[k, n]
//
// bindings   0  a  read        vec4f  [1 or B, M, K], or [.., K, M] with TRANSPOSE_A
//            1  b  read        vec4f  [1 or B, K, N], or [.., N, K] with TRANSPOSE_B
//            2  y  read_write  vec4f  [B, M, N]
// workgroup  one subgroup of 8 lanes: ROWS rows (8 or 16) x 32 columns of y, a lane holding 4 neighbouring columns
// grid       [ceil(N / 32), ceil(M / ROWS), B]
// cost       2 * M * N * K flops a batch; 6 or 8 loads feed 8 or 16 times 32 columns x 4 steps of k
// why        each lane loads a part of the rows of a, and broadcasts hand it to the others: on llvmpipe a load costs
//            as much as 30 fma, a broadcast two. Indices past the edge repeat the last row or the last columns (which
//            are then stored twice, with the same values), so the loop needs no guards.

override TRANSPOSE_A: u32 = 0;
override TRANSPOSE_B: u32 = 0;
override ROWS: u32 = 16;
// Whether the last stored axis is a multiple of four, so that vectors can be loaded and stored whole.
override WHOLE_A: u32 = 1;
override WHOLE_B: u32 = 1;
override WHOLE_Y: u32 = 1;

struct Dims {
  M: u32, N: u32, K: u32,
  strideA: u32, strideB: u32,  // elements from one batch to the next; 0 where all share one matrix
  B: u32,
}
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

struct Rows { r0: vec4f, r1: vec4f, r2: vec4f, r3: vec4f, r4: vec4f, r5: vec4f, r6: vec4f, r7: vec4f }

fn elementA(i: u32, inside: bool) -> f32 { return select(0.0, a[i / 4u][i % 4u], inside); }
fn elementB(i: u32) -> f32 { return b[i / 4u][i % 4u]; }

// Four values of a: of row m0 + lane at k..k + 3; transposed, of k + lane % 4 at rows m0 + lane / 4 * 4 + 0..3.
fn loadA(base: u32, m0: u32, k: u32, lane: u32) -> vec4f {
  if (TRANSPOSE_A == 1u) {
    let row = min(k + lane % 4u, dims.K - 1u);
    let m = m0 + lane / 4u * 4u;
    let at = base + row * dims.M;
    let inside = k + lane % 4u < dims.K;
    if (WHOLE_A == 1u) { return select(vec4f(), a[(at + min(m, dims.M - 4u)) / 4u], inside); }
    let last = dims.M - 1u;
    return vec4f(elementA(at + min(m, last), inside), elementA(at + min(m + 1u, last), inside),
      elementA(at + min(m + 2u, last), inside), elementA(at + min(m + 3u, last), inside));
  }
  let at = base + min(m0 + lane, dims.M - 1u) * dims.K;
  if (WHOLE_A == 1u) { return a[(at + k) / 4u]; }
  let last = dims.K - 1u;
  return vec4f(elementA(at + k, true), elementA(at + min(k + 1u, last), k + 1u <= last),
    elementA(at + min(k + 2u, last), k + 2u <= last), elementA(at + min(k + 3u, last), k + 3u <= last));
}

// Values k..k + 3 of columns n..n + 3; past K anything finite, since a is 0 there.
fn loadB(base: u32, n: u32, k: u32) -> mat4x4f {
  var block: mat4x4f;
  for (var i = 0u; i < 4u; i++) {
    if (TRANSPOSE_B == 1u) {
      let at = base + min(n + i, dims.N - 1u) * dims.K;
      let last = dims.K - 1u;
      if (WHOLE_B == 1u) { block[i] = b[(at + k) / 4u]; }
      else {
        block[i] = vec4f(elementB(at + k), elementB(at + min(k + 1u, last)), elementB(at + min(k + 2u, last)),
          elementB(at + min(k + 3u, last)));
      }
    } else {
      let at = base + min(k + i, dims.K - 1u) * dims.N;
      let last = dims.N - 1u;
      if (WHOLE_B == 1u) { block[i] = b[(at + n) / 4u]; }
      else {
        block[i] = vec4f(elementB(at + n), elementB(at + min(n + 1u, last)), elementB(at + min(n + 2u, last)),
          elementB(at + min(n + 3u, last)));
      }
    }
  }
  if (TRANSPOSE_B == 1u) { return transpose(block); }
  return block;
}

fn add(sum: vec4f, a: vec4f, b: mat4x4f) -> vec4f {
  return fma(a.wwww, b[3], fma(a.zzzz, b[2], fma(a.yyyy, b[1], fma(a.xxxx, b[0], sum))));
}

// Four values, one from each lane of the lower or the upper half.
fn lower(v: f32) -> vec4f {
  return vec4f(subgroupBroadcast(v, 0u), subgroupBroadcast(v, 1u), subgroupBroadcast(v, 2u), subgroupBroadcast(v, 3u));
}
fn upper(v: f32) -> vec4f {
  return vec4f(subgroupBroadcast(v, 4u), subgroupBroadcast(v, 5u), subgroupBroadcast(v, 6u), subgroupBroadcast(v, 7u));
}

fn addRows(s: Rows, v: vec4f, b: mat4x4f) -> Rows {
  if (TRANSPOSE_A == 1u) {
    return Rows(add(s.r0, lower(v.x), b), add(s.r1, lower(v.y), b), add(s.r2, lower(v.z), b), add(s.r3, lower(v.w), b),
      add(s.r4, upper(v.x), b), add(s.r5, upper(v.y), b), add(s.r6, upper(v.z), b), add(s.r7, upper(v.w), b));
  }
  return Rows(add(s.r0, subgroupBroadcast(v, 0u), b), add(s.r1, subgroupBroadcast(v, 1u), b),
    add(s.r2, subgroupBroadcast(v, 2u), b), add(s.r3, subgroupBroadcast(v, 3u), b),
    add(s.r4, subgroupBroadcast(v, 4u), b), add(s.r5, subgroupBroadcast(v, 5u), b),
    add(s.r6, subgroupBroadcast(v, 6u), b), add(s.r7, subgroupBroadcast(v, 7u), b));
}

fn store(batch: u32, m: u32, n: u32, value: vec4f) {
  let at = (batch * dims.M + m) * dims.N + n;
  if (WHOLE_Y == 1u) { y[at / 4u] = value; }
  else {
    for (var i = 0u; i < 4u; i++) { if (n + i < dims.N) { y[(at + i) / 4u][(at + i) % 4u] = value[i]; } }
  }
}

fn moveUp(s: Rows, last: vec4f) -> Rows { return Rows(s.r1, s.r2, s.r3, s.r4, s.r5, s.r6, s.r7, last); }

@compute @workgroup_size(8)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let m0 = group.y * ROWS;
  let n = min(group.x * 32u + lane * 4u, (dims.N - 1u) / 4u * 4u);
  for (var batch = group.z; batch < dims.B; batch += groups.z) {
    let baseA = batch * dims.strideA;
    let baseB = batch * dims.strideB;
    var top: Rows;
    var bottom: Rows;
    for (var k = 0u; k < dims.K; k += 4u) {
      let block = loadB(baseB, n, k);
      top = addRows(top, loadA(baseA, m0, k, lane), block);
      if (ROWS == 16u) { bottom = addRows(bottom, loadA(baseA, m0 + 8u, k, lane), block); }
    }
    // A loop, not 16 stores in a row: those would double the time that the compiler takes.
    for (var m = m0; m < min(m0 + ROWS, dims.M); m++) {
      store(batch, m, n, top.r0);
      top = moveUp(top, bottom.r0);
      bottom = moveUp(bottom, bottom.r7);
    }
  }
}
