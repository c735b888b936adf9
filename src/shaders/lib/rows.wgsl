// For kernels over rows of T, which is f32, or vec4f when rows are a multiple of 4 long (flag VEC). A row belongs to one
// invocation; or with the flag SHARED to a workgroup, whose invocations take every LANES-th T of it from their `lane` on,
// so that their loads lie side by side. Software adapters share nothing: barriers are dear there.
// row_of: the row of an invocation. across_...: sum and maximum over T and the lanes, for each of these. columns: the
// column numbers, of type I, of the i-th T of a row.
#if VEC
alias I = vec4i;
fn within_sum(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }
fn within_max(v: vec4f) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }
fn columns(i: u32) -> I { return vec4i(i32(i * 4)) + vec4i(0, 1, 2, 3); }
#else
alias I = i32;
fn within_sum(v: f32) -> f32 { return v; }
fn within_max(v: f32) -> f32 { return v; }
fn columns(i: u32) -> I { return i32(i); }
#endif

#if SHARED
const LANES = u32(WG);
var<private> lane: u32;
var<workgroup> shares: array<f32, WG>;

fn row_of(wid: vec3u, nwg: vec3u, lid: u32) -> u32 {
  lane = lid;
  return wid.y * nwg.x + wid.x;
}

fn across_sum(v: T) -> f32 {
  shares[lane] = within_sum(v);
  for (var some = LANES / 2; some > 0; some /= 2) {
    workgroupBarrier();
    if (lane < some) { shares[lane] += shares[lane + some]; }
  }
  return first_share();
}

fn across_max(v: T) -> f32 {
  shares[lane] = within_max(v);
  for (var some = LANES / 2; some > 0; some /= 2) {
    workgroupBarrier();
    if (lane < some) { shares[lane] = max(shares[lane], shares[lane + some]); }
  }
  return first_share();
}

// Nobody writes his next share before all have read.
fn first_share() -> f32 {
  workgroupBarrier();
  let share = shares[0];
  workgroupBarrier();
  return share;
}
#else
const LANES = 1u;
const lane = 0u;

fn row_of(wid: vec3u, nwg: vec3u, lid: u32) -> u32 { return linear_id(wid, nwg, lid); }
fn across_sum(v: T) -> f32 { return within_sum(v); }
fn across_max(v: T) -> f32 { return within_max(v); }
#endif
