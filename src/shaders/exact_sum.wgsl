// sums[i] += x[i], exactly. A sum is WORDS u32, the least first: an integer in two's complement that
// counts 2^-64; and one u32 more, 1 when a term was too large (2^96 or more), infinite or NaN.
// Integers, because compilers may reorder sums of floats, and would undo their compensation.
// x: [n], sums: [n, WORDS + 1], changed in place. Grid: one invocation per sum.
#include lib/grid
struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> sums: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let i = linear_id(wid, nwg, lid);
  if (i >= p.n) { return; }
  let base = i * (WORDS + 1);
  let bits = x[i];
  let exponent = (bits >> 23) & 255;
  if (exponent >= 127 + 96) {
    sums[base + WORDS] = 1;
    return;
  }
  // |x| = mantissa * 2^(exponent - 150), without the numbers below 2^-126.
  let mantissa = select((bits & 0x7fffff) | 0x800000, 0u, exponent == 0);
  let down = min(max(86, exponent) - exponent, 31u);
  let up = max(86, exponent) - 86;
  let first = up / 32;
  let low = (mantissa >> down) << (up % 32);
  // Twice, because a shift by 32 is none.
  let high = (mantissa >> (31 - up % 32)) >> 1;
  let negative = (bits >> 31) == 1;
  var carry = u32(negative);
  for (var k = 0u; k < WORDS; k++) {
    let digit = select(0u, low, k == first) | select(0u, high, k == first + 1);
    let part = select(digit, ~digit, negative);
    let before = sums[base + k];
    let sum = before + part;
    let after = sum + carry;
    carry = u32(sum < before) | u32(after < sum);
    sums[base + k] = after;
  }
}
