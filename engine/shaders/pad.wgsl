// pad - copies x into a larger block of zeros; concat calls it once an operand, without the zeros.
//
//   y[index] = x[index - before] inside, 0 elsewhere     (axes are joined to at most four)
//
// bindings   0  x  read        u32  [n0, n1, n2, n3]    (any 32-bit element type, moved as bits)
//            1  y  read_write  u32  [m0, m1, m2, m3]
// workgroup  LANES neighbouring elements of the last axis of the target block
// grid       [ceil(block / LANES), 1, 1] folded into x and y
// cost       reads x once, writes the block once; memory bound

override LANES: u32 = 64;
override FILL: u32 = 1;  // 1 writes zeros around x, 0 leaves y alone there

struct Dims { n: vec4u, m: vec4u, before: vec4u, count: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

fn offset(index: vec4u, shape: vec4u) -> u32 {
  return ((index.x * shape.y + index.y) * shape.z + index.z) * shape.w + index.w;
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  var i = (group.y * groups.x + group.x) * LANES + lane;
  if (i >= dims.count) { return; }
  let shape = select(dims.n, dims.m, FILL == 1u);
  var index: vec4u;
  index.w = i % shape.w;
  i /= shape.w;
  index.z = i % shape.z;
  i /= shape.z;
  index.y = i % shape.y;
  index.x = i / shape.y;
  if (FILL == 0u) {
    y[offset(index + dims.before, dims.m)] = x[offset(index, dims.n)];
    return;
  }
  // Below `before` the difference wraps round to a large number, so one comparison serves both ends.
  let source = index - dims.before;
  let inside = all(source < dims.n);
  y[offset(index, dims.m)] = select(0u, x[select(0u, offset(source, dims.n), inside)], inside);
}
