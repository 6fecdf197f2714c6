// pad - copies x into a larger block of zeros; concat and pack call it once an operand, without the zeros.
//
//   y[index] = x[index - before] inside, 0 elsewhere     (axes are joined to at most four)
//
// bindings   0  x  read        Item  [n0, n1, n2, n3]    (any 32-bit element type, moved as bits)
//            1  y  read_write  Item  [m0, m1, m2, m3]
// workgroup  LANES neighbouring items of a row of the target block at a time
// grid       [any, rows folded over y and z]; along x each workgroup takes an equal share of the row
// cost       reads x once, writes the block once; memory bound
// why        a workgroup stays in one row, so that divisions are of uniform values: per lane they cost more than
//            memory. Item, one element or four, comes before

override LANES: u32 = 64;
override FILL: u32 = 1;  // 1 writes zeros around x, 0 leaves y alone there

struct Dims { n: vec4u, m: vec4u, before: vec4u, rows: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<Item>;
@group(0) @binding(1) var<storage, read_write> y: array<Item>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let row = group.z * groups.y + group.y;
  if (row >= dims.rows) { return; }
  let length = select(dims.n.w, dims.m.w, FILL == 1u);
  let shape = select(dims.n.yz, dims.m.yz, FILL == 1u);
  let place = vec3u(row / shape.y / shape.x, row / shape.y % shape.x, row % shape.y);
  let share = (length + groups.x * LANES - 1u) / (groups.x * LANES) * LANES;
  for (var i = group.x * share + lane; i < min((group.x + 1u) * share, length); i += LANES) {
    if (FILL == 0u) {
      let to = place + dims.before.xyz;
      y[((to.x * dims.m.y + to.y) * dims.m.z + to.z) * dims.m.w + i + dims.before.w] = x[row * dims.n.w + i];
    } else {
      // Below `before` the difference wraps round to a large number, so one comparison serves both ends.
      let source = place - dims.before.xyz;
      let at = i - dims.before.w;
      let inside = all(source < dims.n.xyz) && at < dims.n.w;
      let index = ((source.x * dims.n.y + source.y) * dims.n.z + source.z) * dims.n.w + at;
      y[row * dims.m.w + i] = select(Item(), x[select(0u, index, inside)], inside);
    }
  }
}
