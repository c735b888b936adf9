import { conv2dGeometry } from '../../src/ops/conv2d.js';
import { convGradFilter, convGradInput } from '../../src/ops/gemm.js';
import { depthwiseConv2d, reshape } from '../../src/ops/index.js';
import { into, memory, type OpRow } from '../row.js';

const x = [8, 56, 56, 144];
const depthwise = [3, 3, 144, 1];
/** As a convolution of 144 groups takes it; the same values in the same order. */
const grouped = [3, 3, 1, 144];
const values = 2 * 8 * 56 * 56 * 144;
const g = conv2dGeometry('bench', x, grouped, { padding: 'same', groups: 144 });
const common = { options: { size: 3, strides: 1 } };

export const depthwiseRows: readonly OpRow[] = [
  memory(
    {
      ...{ ...common, name: `depthwise 3x3 (${x.join()})`, op: 'depthwiseConv2d' },
      ...{ inputs: { x, depthwise }, result: 'picture', resultShape: x },
      ours:
        ({ x, depthwise }) =>
        () =>
          depthwiseConv2d(x!, depthwise!, { padding: 'same' }),
    },
    values,
  ),
  memory(
    {
      ...{ ...common, name: 'depthwise 3x3, input gradient', op: 'depthwiseInputGradient' },
      ...{ inputs: { dy: x, depthwise }, result: 'picture', resultShape: x },
      ours:
        ({ dy, depthwise }) =>
        () =>
          into(x, (dx) => convGradInput('bench', dy!, reshape(depthwise!, grouped), dx, g)),
    },
    values,
  ),
  memory(
    {
      ...{ ...common, name: 'depthwise 3x3, filter gradient', op: 'depthwiseFilterGradient' },
      ...{ inputs: { x, dy: x }, result: 'depthwise', resultShape: depthwise },
      ours:
        ({ x, dy }) =>
        () =>
          into(grouped, (dw) => convGradFilter('bench', x!, dy!, dw, g)),
    },
    values,
  ),
];
