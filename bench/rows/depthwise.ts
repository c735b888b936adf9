import { conv2dGeometry } from '../../src/ops/conv2d.js';
import { convGradFilter, convGradInput } from '../../src/ops/gemm.js';
import { depthwiseConv2d, reshape } from '../../src/ops/index.js';
import { sizeOf } from '../../src/shape.js';
import { into, memory, type OpRow } from '../row.js';

const depthwise = [3, 3, 144, 1];
/** As a convolution of 144 groups takes it; the same values in the same order. */
const grouped = [3, 3, 1, 144];

/** Forward and both gradients, of so many pictures. */
function rowsOf(pictures: number, which: Pick<OpRow, 'set'> = {}): readonly OpRow[] {
  const x = [pictures, 56, 56, 144];
  const values = 2 * sizeOf(x);
  const g = conv2dGeometry('bench', x, grouped, { padding: 'same', groups: 144 });
  const common = { ...which, options: { size: 3, strides: 1 } };
  const name = `depthwise 3x3 (${x.join()})`;
  return [
    memory(
      {
        ...{ ...common, name, op: 'depthwiseConv2d' },
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
        ...{ ...common, name: `${name}, input gradient`, op: 'depthwiseInputGradient' },
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
        ...{ ...common, name: `${name}, filter gradient`, op: 'depthwiseFilterGradient' },
        ...{ inputs: { x, dy: x }, result: 'depthwise', resultShape: depthwise },
        ours:
          ({ x, dy }) =>
          () =>
            into(grouped, (dw) => convGradFilter('bench', x!, dy!, dw, g)),
      },
      values,
    ),
  ];
}

export const depthwiseRows = [...rowsOf(8), ...rowsOf(64, { set: 'gpu' })];
