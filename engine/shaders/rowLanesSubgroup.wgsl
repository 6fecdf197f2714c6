// rowLanesSubgroup - a row kernel's lanes are one subgroup, which combines in registers: no memory, no barrier.
// The part of every row kernel (see ops/rowKernel.ts) for devices whose subgroups have one fixed size.

override LANES: u32 = 8;  // the subgroup size

/** Sum of the values of all lanes, for every lane. */
fn sumLanes(value: f32, lane: u32) -> f32 { return subgroupAdd(value); }

/** Largest value of all lanes, for every lane. */
fn maxLanes(value: f32, lane: u32) -> f32 { return subgroupMax(value); }
