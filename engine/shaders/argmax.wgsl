// argmax - place of the largest (or smallest) value of each row, among those that a mask allows.
//
//   y[first + row] = argmax_i SIGN * x[row, i]  over i with mask[(first + row) mod slots, i] != 0, or -1 if none is
//
// bindings   0  x     read        f32  [rows, n]
//            1  mask  read        f32  [slots, n]    (x again where MASKED is 0: nothing reads it then)
//            2  y     read_write  i32  [first + rows ..]
// workgroup  one row each; LANES lanes stride over it, then compare in a tree; of equal values the first wins
// grid       [rows, 1, 1] folded into x and y
// cost       reads every value once; memory bound

override LANES: u32 = 64;
override MASKED: u32 = 0;
override SIGN: f32 = 1.0;  // -1 looks for the smallest

struct Dims { rows: u32, n: u32, first: u32, slots: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> mask: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<i32>;

const nowhere = 0xffffffffu;

var<workgroup> values: array<f32, LANES>;
var<workgroup> places: array<u32, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let row = group.y * groups.x + group.x;
  if (row >= dims.rows) { return; }
  let slot = (dims.first + row) % dims.slots;
  // Within a lane places grow, so only a larger value takes over.
  var value = 0.0;
  var place = nowhere;
  for (var i = lane; i < dims.n; i += LANES) {
    let candidate = SIGN * x[row * dims.n + i];
    var wins = place == nowhere || candidate > value;
    if (MASKED == 1u) { wins = wins && mask[slot * dims.n + i] != 0.0; }
    value = select(value, candidate, wins);
    place = select(place, i, wins);
  }
  values[lane] = value;
  places[lane] = place;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      let candidate = values[lane + half];
      let source = places[lane + half];
      let equal = candidate == value && source < place;
      let wins = source != nowhere && (place == nowhere || candidate > value || equal);
      value = select(value, candidate, wins);
      place = select(place, source, wins);
      values[lane] = value;
      places[lane] = place;
    }
    workgroupBarrier();
  }
  if (lane == 0u) { y[dims.first + row] = i32(place); }
}
