// gather - rows of a table by their numbers.
//
//   y[m, d] = table[ids[m], d] where 0 <= ids[m] < k, else 0
//
// bindings   0  table  read        u32  [k, d]    (any 32-bit element type, moved as bits)
//            1  ids    read        i32  [m]
//            2  y      read_write  u32  [m, d]
// workgroup  LANES neighbouring elements of y at a time
// grid       any; each workgroup takes an equal share
// cost       reads and writes m * d values once; memory bound

override LANES: u32 = 64;

struct Dims { k: u32, d: u32, count: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> table: array<u32>;
@group(0) @binding(1) var<storage, read> ids: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  // The share of this workgroup.
  let share = (dims.count + groups.x * groups.y * LANES - 1u) / (groups.x * groups.y * LANES) * LANES;
  let first = (group.y * groups.x + group.x) * share;
  for (var i = first + lane; i < min(first + share, dims.count); i += LANES) {
    let m = i / dims.d;
    // A negative number is a large one as u32, so one comparison serves both ends.
    let row = u32(ids[m]);
    let inside = row < dims.k;
    y[i] = select(0u, table[select(0u, row * dims.d + i - m * dims.d, inside)], inside);
  }
}
