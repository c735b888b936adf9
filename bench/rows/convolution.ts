import { conv2dGeometry } from '../../src/ops/conv2d.js';
import { convGradFilter, convGradInput } from '../../src/ops/gemm.js';
import { conv2d } from '../../src/ops/index.js';
import { arithmetic, into, type OpRow } from '../row.js';

type Four = readonly [number, number, number, number];

interface Convolution {
  readonly x: Four;
  readonly size: number;
  readonly channels: number;
  readonly strides?: number;
  readonly set?: 'gpu';
}

/** A convolution with 'same' padding, or one of its gradients. */
function convolution(
  part: 'conv2d' | 'conv2dInputGradient' | 'conv2dFilterGradient',
  { x, size, channels, strides = 1, ...which }: Convolution,
): OpRow {
  const filter = [size, size, x[3], channels];
  const g = conv2dGeometry(part, x, filter, { padding: 'same', strides });
  const dy = [x[0], Math.ceil(x[1] / strides), Math.ceil(x[2] / strides), channels];
  const row = { ...which, op: part, options: { strides, size } };
  const name = `conv ${size}x${size}${strides > 1 ? ` stride ${strides}` : ''} (${x.join()})->${channels}`;
  const macs = dy.reduce((product, n) => product * n, size * size * x[3]);
  switch (part) {
    case 'conv2d':
      return arithmetic(
        {
          ...{ ...row, name, inputs: { x, filter }, result: 'picture', resultShape: dy },
          ours: (t) => () => conv2d(t['x']!, t['filter']!, { padding: 'same', strides }),
        },
        macs,
      );
    case 'conv2dInputGradient':
      return arithmetic(
        {
          ...{ ...row, name: `${name}, input gradient`, inputs: { dy, filter } },
          ...{ result: 'picture', resultShape: x },
          ours: (t) => () => into(x, (dx) => convGradInput(part, t['dy']!, t['filter']!, dx, g)),
        },
        macs,
      );
    case 'conv2dFilterGradient':
      return arithmetic(
        {
          ...{ ...row, name: `${name}, filter gradient`, inputs: { x, dy } },
          ...{ result: 'filter', resultShape: filter },
          ours: (t) => () => into(filter, (dw) => convGradFilter(part, t['x']!, t['dy']!, dw, g)),
        },
        macs,
      );
  }
}

const wide: Convolution = { x: [1, 56, 56, 128], size: 3, channels: 128 };
const small: Convolution = { x: [32, 32, 32, 32], size: 3, channels: 32 };

/** 3x3, as many channels as before, 64 pictures. */
const many = (side: number, channels: number): Convolution => ({
  ...{ x: [64, side, side, channels], size: 3, channels, set: 'gpu' },
});

const VGG16 = [many(224, 64), many(112, 128), many(56, 256), many(28, 512), many(14, 512)];
const RESNET50 = [many(56, 64), many(28, 128), many(14, 256), many(7, 512)];

export const convolutionRows = [
  convolution('conv2d', wide),
  convolution('conv2dInputGradient', wide),
  convolution('conv2dFilterGradient', wide),
  convolution('conv2dInputGradient', small),
  convolution('conv2dFilterGradient', small),
  convolution('conv2d', { x: [1, 56, 56, 256], size: 1, channels: 128 }),
  convolution('conv2d', { ...wide, strides: 2 }),
  ...[...VGG16, ...RESNET50].map((each) => convolution('conv2d', each)),
  ...[many(56, 256), many(14, 256)].flatMap((each) => [
    convolution('conv2dInputGradient', each),
    convolution('conv2dFilterGradient', each),
  ]),
  convolution('conv2d', { ...many(56, 64), size: 1, channels: 256 }),
  convolution('conv2d', { ...many(14, 1024), size: 1, channels: 256 }),
  convolution('conv2d', { ...many(56, 128), strides: 2 }),
];
