// rowLanesWorkgroup - a row kernel's lanes are a whole workgroup, which combines by a tree in workgroup memory.
// The part of every row kernel (see ops/rowKernel.ts) that runs everywhere.

override LANES: u32 = 64;  // a power of two

var<workgroup> laneValues: array<f32, LANES>;

/** Sum of the values of all lanes, for every lane. */
fn sumLanes(value: f32, lane: u32) -> f32 {
  // The last call's result may still be being read.
  workgroupBarrier();
  laneValues[lane] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) { laneValues[lane] += laneValues[lane + half]; }
    workgroupBarrier();
  }
  return laneValues[0];
}

/** Largest value of all lanes, for every lane. */
fn maxLanes(value: f32, lane: u32) -> f32 {
  workgroupBarrier();
  laneValues[lane] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) { laneValues[lane] = max(laneValues[lane], laneValues[lane + half]); }
    workgroupBarrier();
  }
  return laneValues[0];
}
