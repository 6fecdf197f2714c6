// scatterAddOrder - positions sorted by id, equal ids in the order in which they come.
//
//   sorted[rank(m)] = (ids[m], m),  rank(m) = count of m' with ids[m'] < ids[m], or equal and m' < m
//
// bindings   0  ids     read        i32    [m]
//            1  sorted  read_write  vec2i  [m]
// workgroup  LANES neighbouring positions; each lane compares its own with all
// grid       [ceil(m / LANES), 1, 1] folded into x and y
// cost       m^2 comparisons, the same address for all lanes; small beside what made the values
// why        a rank by counting is stable and needs neither atomics nor passes

override LANES: u32 = 64;

struct Dims { m: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> ids: array<i32>;
@group(0) @binding(1) var<storage, read_write> sorted: array<vec2i>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let m = (group.y * groups.x + group.x) * LANES + lane;
  if (m >= dims.m) { return; }
  let id = ids[m];
  var rank = 0u;
  for (var i = 0u; i < m; i++) { rank += select(0u, 1u, ids[i] <= id); }
  for (var i = m + 1u; i < dims.m; i++) { rank += select(0u, 1u, ids[i] < id); }
  sorted[rank] = vec2i(id, i32(m));
}
