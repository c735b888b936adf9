// Part of `main`: adds the product of both slabs to the sums of this subgroup, which begin in its tile at
// (sub_row, sub_column).
    for (var k = 0u; k < BK; k += MK) {
#unroll i SM/MM
      let left_at$i = (sub_row + $i * MM) * A_DOWN + k * A_ALONG;
#end
#unroll j SN/MN
      let right_at$j = k * B_ROW + sub_column + $j * MN;
#end
#if EMULATED
#unroll i SM/MM
#unroll j SN/MN
      multiply(left_at$i, right_at$j, &sum$i_$j, lane);
#end
#end
#else
#unroll i SM/MM
      let left$i = subgroupMatrixLoad<Left>(&a_slab, left_at$i, A_DOWN == 1, A_DOWN * A_ALONG);
#end
#unroll j SN/MN
      let right$j = subgroupMatrixLoad<Right>(&b_slab, right_at$j, false, B_ROW);
#unroll i SM/MM
      sum$i_$j = subgroupMatrixMultiplyAccumulate(left$i, right$j, sum$i_$j);
#end
#end
#endif
    }
