// Part of `main`: the results go through workgroup memory, one matrix per subgroup at a time, to
// store4(which, m, n, value of columns n .. n+3). They are stored by any SG invocations: which of them are a
// subgroup does not matter here.
#unroll i SM/MM
#unroll j SN/MN
#if EMULATED
  put(sub * MM * MN, &sum$i_$j, lane);
#else
  subgroupMatrixStore(&c_slab, sub * MM * MN, sum$i_$j, false, MN);
#endif
  workgroupBarrier();
  for (var e = lane; e < MM * MN / 4; e += SG) {
    let m = m0 + part / (NT / SN) * SM + $i * MM + e / (MN / 4);
    let n = n0 + part % (NT / SN) * SN + $j * MN + 4 * (e % (MN / 4));
    let at = part * MM * MN + 4 * e;
    store4(which, m, n, vec4f(c_slab[at], c_slab[at + 1], c_slab[at + 2], c_slab[at + 3]));
  }
  workgroupBarrier();
#end
#end
