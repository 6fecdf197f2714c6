// scatterAdd - sums of the rows that share an id.
//
//   y[k, d] = sum of values[sorted[i].position, d]  for i in starts[k] .. starts[k + 1] - 1
//
// bindings   0  values  read        f32    [m, d]
//            1  sorted  read        vec2i  [m]          (id, position), ascending
//            2  starts  read        u32    [rows + 1]
//            3  y       read_write  f32    [rows, d]
// workgroup  one row and COLUMNS neighbouring columns; WALKERS lanes a column share the run
// grid       [rows * ceil(d / COLUMNS), 1, 1] folded into x and y
// cost       reads every value once, writes every row once; memory bound
// why        f32 has no atomics; a fixed order of summation repeats bit for bit

override COLUMNS: u32 = 64;
override WALKERS: u32 = 1;

struct Dims { rows: u32, d: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read> sorted: array<vec2i>;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

var<workgroup> partial: array<f32, COLUMNS * WALKERS>;

@compute @workgroup_size(COLUMNS, WALKERS)
fn main(
  @builtin(local_invocation_id) lane: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let pieces = (dims.d + COLUMNS - 1u) / COLUMNS;
  let place = group.y * groups.x + group.x;
  let row = place / pieces;
  if (row >= dims.rows) { return; }
  let column = (place % pieces) * COLUMNS + lane.x;
  let inside = column < dims.d;
  let end = starts[row + 1u];
  var total = 0.0;
  for (var i = starts[row] + lane.y; inside && i < end; i += WALKERS) {
    total += values[u32(sorted[i].y) * dims.d + column];
  }
  if (WALKERS > 1u) {
    partial[lane.y * COLUMNS + lane.x] = total;
    workgroupBarrier();
    for (var walker = 1u; lane.y == 0u && walker < WALKERS; walker++) { total += partial[walker * COLUMNS + lane.x]; }
  }
  if (inside && lane.y == 0u) { y[row * dims.d + column] = total; }
}
