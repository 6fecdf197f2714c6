// attentionTile - sizes and places that the attention kernels for devices with real workgroup memory have in common.

override D: u32 = 8;   // items V of a head of q and k
override DV: u32 = 8;  // items V of a head of v
override CAUSAL: u32 = 0;

const LANES = 64u;  // queries or keys of a workgroup, one a lane
const TILE = 16u;   // of what they meet, this many at a time are shared
const most = 128u / WIDTH;

/** Place of the log-sum-exp of query i. */
fn lseRow(i: u32, group: vec3u) -> u32 {
  return (group.z * dims.heads + group.y) * ((dims.Lq + 3u) / 4u * 4u) + i;
}
