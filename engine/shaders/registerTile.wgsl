// registerTile - rows of a matrix product in registers: eight rows whose values go round by broadcast, times V columns.
//
// Lanes load the left values of a row each, at two steps of the inner length, and broadcasts hand them to the others:
// on llvmpipe a load costs as much as 20 fma, a broadcast two. V, the columns that a lane holds, comes before.

// Values of the columns of a lane at two steps of the inner length.
struct Pair { first: V, second: V }

struct Rows { r0: V, r1: V, r2: V, r3: V, r4: V, r5: V, r6: V, r7: V }

fn add(sum: V, v: vec2f, right: Pair) -> V { return fma(V(v.y), right.second, fma(V(v.x), right.first, sum)); }

fn addRows(s: Rows, v: vec2f, right: Pair) -> Rows {
  return Rows(add(s.r0, subgroupBroadcast(v, 0u), right), add(s.r1, subgroupBroadcast(v, 1u), right),
    add(s.r2, subgroupBroadcast(v, 2u), right), add(s.r3, subgroupBroadcast(v, 3u), right),
    add(s.r4, subgroupBroadcast(v, 4u), right), add(s.r5, subgroupBroadcast(v, 5u), right),
    add(s.r6, subgroupBroadcast(v, 6u), right), add(s.r7, subgroupBroadcast(v, 7u), right));
}

// Moves the rows up by two, for loops that store two at a time: one store after the other would be several times the
// code, moving up by ones as many moves.
fn twoUp(s: Rows) -> Rows { return Rows(s.r2, s.r3, s.r4, s.r5, s.r6, s.r7, s.r6, s.r7); }
