// itemVec4 - kernels that are written in items V move four neighbouring values at once.

alias V = vec4f;
const WIDTH = 4u;

fn total(v: V) -> f32 { return (v.x + v.y) + (v.z + v.w); }
fn largest(v: V) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }
fn dotItems(a: V, b: V) -> f32 { return dot(a, b); }
/** Value k of item k / WIDTH. */
fn pick(v: V, k: u32) -> f32 { return v[k % 4u]; }
/** 1 where an item holds value k of its row, 0 elsewhere. */
fn oneHot(item: u32, k: u32) -> V { return select(vec4f(0.0), vec4f(1.0), vec4u(k) == item * 4u + vec4u(0, 1, 2, 3)); }
