// random - counter-based random numbers: Threefry-2x32, 20 rounds [Salmon et al. 2011].
//
//   y[i] = KIND(threefry(key (seed, stream), counter (i, step)))
//   KIND 0  uniform in [0, 1) with 24 bits
//        1  standard normal: the cosine of the pair that Box and Muller's transform makes of the two words
//        2  integer low + floor(uniform * range), exactly
//   PARTS 1: i counts from part * n
//
// bindings   0  key  read        u32  [2]    (seed, step), with PARTS [3]: and part
//            1  y    read_write  u32  [n]    (bits of f32, or of i32)
// workgroup  LANES neighbouring values at a time
// grid       any; each workgroup takes an equal share
// cost       about 100 integer operations a value; compute bound
// why        own log and cos: WGSL lets those of the adapter be off by 2^-21 and 2^-11, and streams must agree

override LANES: u32 = 64;
override KIND: u32 = 0;
override PARTS: u32 = 0;

struct Dims { stream: u32, low: u32, range: u32, n: u32 }
var<immediate> dims: Dims;

@group(0) @binding(0) var<storage, read> key: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

fn fourRounds(words: vec2u, r: vec4u) -> vec2u {
  var x = words;
  for (var i = 0u; i < 4u; i++) {
    x.x += x.y;
    x.y = ((x.y << r[i]) | (x.y >> (32u - r[i]))) ^ x.x;
  }
  return x;
}

fn threefry(seed: u32, stream: u32, counter: vec2u) -> vec2u {
  let even = vec4u(13u, 15u, 26u, 6u);
  let odd = vec4u(17u, 29u, 16u, 24u);
  let last = seed ^ stream ^ 0x1bd11bdau;
  var x = fourRounds(counter + vec2u(seed, stream), even) + vec2u(stream, last + 1u);
  x = fourRounds(x, odd) + vec2u(last, seed + 2u);
  x = fourRounds(x, even) + vec2u(seed, stream + 3u);
  x = fourRounds(x, odd) + vec2u(stream, last + 4u);
  return fourRounds(x, even) + vec2u(last, seed + 5u);
}

// Natural logarithm of n / 2^24, 1 <= n <= 2^24: n = m 2^e with m in [sqrt(1/2), sqrt(2)), then the series of
// log m = 2 artanh((m - 1) / (m + 1)), whose first term left out is below 1e-9.
fn logOfFraction(n: u32) -> f32 {
  let bits = bitcast<u32>(f32(n));
  let large = (bits & 0x7fffffu) > 0x3504f3u;
  let exponent = i32(bits >> 23u) - 127 - 24 + select(0, 1, large);
  let m = bitcast<f32>((bits & 0x7fffffu) | select(0x3f800000u, 0x3f000000u, large));
  let s = (m - 1.0) / (m + 1.0);
  let q = s * s;
  let series = s + s * q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q * (1.0 / 9.0))));
  return f32(exponent) * 0.69314718 + 2.0 * series;
}

// cos(2 pi n / 2^24): the nearest quarter turn in integers, then a Taylor series within an eighth of a turn.
fn cosOfTurn(n: u32) -> f32 {
  let quarter = (n + 0x200000u) >> 22u;
  let a = f32(i32(n) - i32(quarter << 22u)) * 3.7450702e-7;
  let q = a * a;
  let cosine = 1.0 - q * (0.5 - q * (1.0 / 24.0 - q * (1.0 / 720.0 - q * (1.0 / 40320.0))));
  let sine = a * (1.0 - q * (1.0 / 6.0 - q * (1.0 / 120.0 - q * (1.0 / 5040.0 - q * (1.0 / 362880.0)))));
  let value = select(cosine, sine, (quarter & 1u) == 1u);
  return select(value, -value, ((quarter + 1u) & 2u) == 2u);
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  // The share of this workgroup.
  let share = (dims.n + groups.x * groups.y * LANES - 1u) / (groups.x * groups.y * LANES) * LANES;
  let first = (group.y * groups.x + group.x) * share;
  for (var i = first + lane; i < min(first + share, dims.n); i += LANES) {
    var place = i;
    if (PARTS == 1u) { place += key[2] * dims.n; }
    let words = threefry(key[0], dims.stream, vec2u(place, key[1])) >> vec2u(8u);
    if (KIND == 0u) {
      y[i] = bitcast<u32>(f32(words.x) / 16777216.0);
    } else if (KIND == 1u) {
      y[i] = bitcast<u32>(sqrt(-2.0 * logOfFraction(words.x + 1u)) * cosOfTurn(words.y));
    } else {
      // floor(word * range / 2^24) in two halves of 12 bits, so that nothing overflows while range <= 2^20.
      let high = (words.x >> 12u) * dims.range;
      let low = ((words.x & 0xfffu) * dims.range) >> 12u;
      y[i] = dims.low + ((high + low) >> 12u);
    }
  }
}
