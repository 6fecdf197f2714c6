// eightLanes - products of a lane's own vectors with those of all eight lanes of a subgroup, kept in registers.
//
// For software adapters: a load costs as much as thirty multiplications there, a broadcast to the other lanes as much
// as one. So each lane loads one vector for all eight, and a tile of sums stays in registers.
// Kernels set their tiles to zero in so many words: without an initialiser Tint clears a variable once, not at every
// turn of the loop that declares it.

/** One number for each of eight vectors. */
struct Eight { low: vec4f, high: vec4f }

const lowest = -0x1.fffffep+127;

/** The vectors of all lanes. */
fn vectorsOfLanes(own: vec4f) -> array<vec4f, 8> {
  return array<vec4f, 8>(
    subgroupBroadcast(own, 0), subgroupBroadcast(own, 1), subgroupBroadcast(own, 2), subgroupBroadcast(own, 3),
    subgroupBroadcast(own, 4), subgroupBroadcast(own, 5), subgroupBroadcast(own, 6), subgroupBroadcast(own, 7));
}

/** The numbers of all lanes. */
fn numbersOfLanes(own: f32) -> Eight {
  return Eight(
    vec4f(subgroupBroadcast(own, 0), subgroupBroadcast(own, 1), subgroupBroadcast(own, 2), subgroupBroadcast(own, 3)),
    vec4f(subgroupBroadcast(own, 4), subgroupBroadcast(own, 5), subgroupBroadcast(own, 6), subgroupBroadcast(own, 7)));
}

fn addDot(a: vec4f, b: vec4f, sum: f32) -> f32 {
  return fma(a.x, b.x, fma(a.y, b.y, fma(a.z, b.z, fma(a.w, b.w, sum))));
}

/** sum[j] + a . b[j] */
fn addDots(a: vec4f, b: array<vec4f, 8>, sum: Eight) -> Eight {
  return Eight(
    vec4f(addDot(a, b[0], sum.low.x), addDot(a, b[1], sum.low.y), addDot(a, b[2], sum.low.z),
      addDot(a, b[3], sum.low.w)),
    vec4f(addDot(a, b[4], sum.high.x), addDot(a, b[5], sum.high.y), addDot(a, b[6], sum.high.z),
      addDot(a, b[7], sum.high.w)));
}

/** sum + sum_j weight[j] * b[j] */
fn addWeighted(weight: Eight, b: array<vec4f, 8>, sum: vec4f) -> vec4f {
  let half = fma(vec4f(weight.low.x), b[0], fma(vec4f(weight.low.y), b[1],
    fma(vec4f(weight.low.z), b[2], fma(vec4f(weight.low.w), b[3], sum))));
  return fma(vec4f(weight.high.x), b[4], fma(vec4f(weight.high.y), b[5],
    fma(vec4f(weight.high.z), b[6], fma(vec4f(weight.high.w), b[7], half))));
}

fn highestOf(a: Eight) -> f32 {
  let four = max(a.low, a.high);
  return max(max(four.x, four.y), max(four.z, four.w));
}

fn sumOf(a: Eight) -> f32 {
  let four = a.low + a.high;
  return (four.x + four.y) + (four.z + four.w);
}

/** `a` where start + j < end, `other` elsewhere. */
fn below(a: Eight, other: f32, start: u32, end: u32) -> Eight {
  let j = start + vec4u(0, 1, 2, 3);
  return Eight(select(vec4f(other), a.low, j < vec4u(end)), select(vec4f(other), a.high, j + 4u < vec4u(end)));
}
