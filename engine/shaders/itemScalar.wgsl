// itemScalar - kernels that are written in items V move single values where sizes are no multiples of four.

alias V = f32;
const WIDTH = 1u;

fn total(v: V) -> f32 { return v; }
fn largest(v: V) -> f32 { return v; }
fn dotItems(a: V, b: V) -> f32 { return a * b; }
/** Value k of item k / WIDTH. */
fn pick(v: V, k: u32) -> f32 { return v; }
/** 1 where an item holds value k of its row, 0 elsewhere. */
fn oneHot(item: u32, k: u32) -> V { return select(0.0, 1.0, item == k); }
