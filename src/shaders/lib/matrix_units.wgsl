// Workgroup memory and matrices of the products on matrix units. A workgroup makes a tile of BM x NT, each of its
// subgroups SM x SN of it as matrices of MM x MN; slabs of BK k of both operands are staged as f16, sums are f32.
// The kernel says where a_slab has row m and column k: at m * A_DOWN + k * A_ALONG, one of which is 1.
// EMULATED: in place of the matrix units, SG invocations share each matrix: all but the instruction itself
// can be checked on any adapter. H is what is staged: f16 (with F16), or f32 rounded to f16.
// MOMENTS: whether moments of the results are made (lib/matrix_results).
// Flags: BM, NT, BK, SM, SN, MM, MN, MK, SG (subgroup size), INVOCATIONS = BM / SM * NT / SN * SG.
#if EMULATED
#else
enable chromium_experimental_subgroup_matrix;
#endif
#if F16
enable f16;
#endif

// Eight more than needed keep rows in different banks.
const B_ROW = NT + 8;
var<workgroup> a_slab: array<H, max(BM * (BK + 8), BK * (BM + 8))>;
var<workgroup> b_slab: array<H, BK * B_ROW>;
// One matrix of results for each subgroup.
var<workgroup> c_slab: array<f32, INVOCATIONS / SG * MM * MN>;

#if EMULATED
// Each of SG invocations has some elements of a matrix; operands are where they lie in their slab.
alias Result = array<f32, MM * MN / SG>;

fn multiply(a_at: u32, b_at: u32, sum: ptr<function, Result>, lane: u32) {
  for (var i = 0u; i < MM * MN / SG; i++) {
    let row = a_at + (lane + i * SG) / MN * A_DOWN;
    let column = b_at + (lane + i * SG) % MN;
    for (var k = 0u; k < MK; k++) {
      (*sum)[i] += f32(a_slab[row + k * A_ALONG]) * f32(b_slab[column + k * B_ROW]);
    }
  }
}

fn put(at: u32, sum: ptr<function, Result>, lane: u32) {
  for (var i = 0u; i < MM * MN / SG; i++) { c_slab[at + lane + i * SG] = (*sum)[i]; }
}
#else
alias Left = subgroup_matrix_left<f16, MK, MM>;
alias Right = subgroup_matrix_right<f16, MN, MK>;
alias Result = subgroup_matrix_result<f32, MN, MM>;
#endif

fn half4(v: vec4f) -> vec4<H> {
#if F16
  return vec4<f16>(v);
#else
  return quantizeToF16(v);
#endif
}

fn staged4(at: u32) -> vec4f {
  return vec4f(c_slab[at], c_slab[at + 1], c_slab[at + 2], c_slab[at + 3]);
}

#if MOMENTS
var<workgroup> sums_slab: array<vec4f, INVOCATIONS>;

// The sum over those of SG invocations that have the same columns of a matrix.
fn across_lanes(v: vec4f, lid: u32) -> vec4f {
  workgroupBarrier();
  sums_slab[lid] = v;
  workgroupBarrier();
  var sum = vec4f(0);
  for (var i = lid % (MN / 4); i < SG; i += MN / 4) { sum += sums_slab[lid / SG * SG + i]; }
  return sum;
}
#endif
