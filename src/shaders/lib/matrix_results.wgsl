// Part of `main`: the results go through workgroup memory, one matrix per subgroup at a time, to
// store4(which, m, n, value of columns n .. n+3). They are stored by any SG invocations: which of them are a
// subgroup does not matter here. Where MOMENTS, those of the rows of a subgroup's tile go to
// store_moments: sums of distances from its first row, which are small numbers.
#if MOMENTS
#unroll j SN/MN
  // An invocation has every SG-th vec4 of a matrix: always of the same columns.
  var origin$j = vec4f(0);
  var distances$j = vec4f(0);
  var squares$j = vec4f(0);
#end
  let first_row = m0 + part / (NT / SN) * SM;
#endif
#unroll i SM/MM
#unroll j SN/MN
#if EMULATED
  put(sub * MM * MN, &sum$i_$j, lane);
#else
  subgroupMatrixStore(&c_slab, sub * MM * MN, sum$i_$j, false, MN);
#endif
  workgroupBarrier();
#if MOMENTS
  if ($i == 0) { origin$j = staged4(part * MM * MN + 4 * (lane % (MN / 4))); }
#endif
  for (var e = lane; e < MM * MN / 4; e += SG) {
    let m = m0 + part / (NT / SN) * SM + $i * MM + e / (MN / 4);
    let n = n0 + part % (NT / SN) * SN + $j * MN + 4 * (e % (MN / 4));
    let value = staged4(part * MM * MN + 4 * e);
    store4(which, m, n, value);
#if MOMENTS
    if (m < p.m) {
      let d = value - origin$j;
      distances$j += d;
      squares$j += d * d;
    }
#endif
  }
  workgroupBarrier();
#end
#end
#if MOMENTS
#unroll j SN/MN
  {
    let n = n0 + part % (NT / SN) * SN + $j * MN + 4 * (lane % (MN / 4));
    let count = f32(min(p.m - min(p.m, first_row), SM));
    let away = across_lanes(distances$j, lid) / count;
    let spread = across_lanes(squares$j, lid) - away * away * count;
    let origin = origin$j + shift4(n);
    let mean = origin + away;
    if (lane < MN / 4 && first_row < p.m) {
      store_moments((first_row - p.m0) / SM, n, mean, max(spread, vec4f(0)), away - (mean - origin));
    }
  }
#end
#endif
