// rowMass - the sum of the exponentials of a row, for row kernels over x whose size is dims.n.
//
//   whole = sum_k exp(x[start + k] - top), top the largest; it is taken off first, so that no exp overflows
//
// Every lane gets both; V, LANES, maxLanes and sumLanes come before, x and dims are those of the kernel behind.

struct Mass { top: f32, whole: f32 }

fn rowMass(start: u32, lane: u32) -> Mass {
  var top = -0x1.fffffep+127;
  for (var i = lane; i < dims.n; i += LANES) { top = max(top, largest(x[start + i])); }
  top = maxLanes(top, lane);
  var mass = V(0.0);
  for (var i = lane; i < dims.n; i += LANES) { mass += exp(x[start + i] - top); }
  return Mass(top, sumLanes(total(mass), lane));
}
