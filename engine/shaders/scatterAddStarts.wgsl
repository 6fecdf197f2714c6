// scatterAddStarts - where the run of each row begins among sorted ids.
//
//   starts[k] = count of ids below k,  for k in 0 .. rows
//
// bindings   0  sorted  read        vec2i  [m]          (id, position), ascending
//            1  starts  read_write  u32    [rows + 1]
// workgroup  LANES neighbouring rows; each lane searches by halving
// grid       [ceil((rows + 1) / LANES), 1, 1] folded into x and y
// cost       rows * log2(m) reads

override LANES: u32 = 64;

struct Dims { m: u32, rows: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> sorted: array<vec2i>;
@group(0) @binding(1) var<storage, read_write> starts: array<u32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let k = (group.y * groups.x + group.x) * LANES + lane;
  if (k > dims.rows) { return; }
  var low = 0u;
  var high = dims.m;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (sorted[middle].x < i32(k)) { low = middle + 1u; } else { high = middle; }
  }
  starts[k] = low;
}
