import type { ActivationName } from '../reference/activations.js';
import { pairwise } from '../reference/pairwise.js';
import { pair, type Padding, type Pair, type PairLike } from '../reference/window.js';

interface SpatialSpec {
  readonly kernel: Pair;
  readonly strides: PairLike;
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly bias: boolean;
  readonly activation: ActivationName | undefined;
}

export interface ConvSpec extends SpatialSpec {
  readonly padding: Padding;
  readonly dilation: PairLike;
  readonly groups?: number;
  readonly ci: number;
  readonly co: number;
}

export interface DepthwiseSpec extends SpatialSpec {
  readonly padding: Padding;
  readonly dilation: PairLike;
  readonly c: number;
  readonly multiplier: number;
}

export interface TransposeSpec extends SpatialSpec {
  readonly dilation?: PairLike;
  readonly outputPadding?: PairLike;
  readonly padding: 'same' | 'valid';
  readonly ci: number;
  readonly co: number;
}

type Activation = ActivationName | undefined;

const channels: number[] = [1, 2, 3, 4, 5, 8, 17];
const activation: Activation[] = [undefined, 'relu', 'relu6', 'sigmoid', 'tanh', 'swish'];
const padding: Padding[] = [
  'same',
  'valid',
  [
    [1, 2],
    [0, 3],
  ],
];

const spatial: {
  kernel: Pair[];
  strides: PairLike[];
  dilation: PairLike[];
  padding: Padding[];
  batch: number[];
  height: number[];
  width: number[];
  bias: boolean[];
  activation: Activation[];
} = {
  kernel: [
    [1, 1],
    [2, 2],
    [3, 3],
    [5, 5],
    [7, 7],
    [1, 7],
    [3, 2],
  ],
  strides: [1, 2, 3, [1, 2], [2, 1]],
  dilation: [1, 2, [1, 2]],
  padding,
  batch: [1, 3],
  height: [5, 9, 13],
  width: [6, 7, 11, 14],
  bias: [false, true],
  activation,
};

type Windowed = Pick<ConvSpec, 'kernel' | 'dilation' | 'padding' | 'height' | 'width'>;

/** Whether the dilated kernel fits the padded input. */
function fits({ kernel, dilation, padding, height, width }: Windowed): boolean {
  if (padding === 'same') return true;
  const room = [height, width].map(
    (n, axis) => n + (padding === 'valid' ? 0 : padding[axis]![0] + padding[axis]![1]),
  );
  return kernel.every((k, axis) => (k - 1) * pair(dilation)[axis]! + 1 <= room[axis]!);
}

const base: ConvSpec = {
  kernel: [3, 3],
  strides: 1,
  dilation: 1,
  padding: 'same',
  batch: 1,
  height: 7,
  width: 9,
  ci: 6,
  co: 6,
  bias: false,
  activation: undefined,
};

/** Groups, and sizes that leave remainders of, or exactly fill, tiles of 16, 32 and 64. */
const singles: readonly Partial<ConvSpec>[] = [
  { groups: 2, bias: true },
  { groups: 3, strides: 2, batch: 3, co: 9, padding: 'valid' },
  { groups: 6, dilation: 2, activation: 'relu', co: 12 },
  { groups: 2, kernel: [1, 1], ci: 8, co: 10, batch: 3, bias: true, activation: 'swish' },
  { groups: 3, kernel: [5, 2], strides: [2, 1], padding: padding[2]!, ci: 12, co: 3 },
  { groups: 4, ci: 16, co: 64, height: 8, width: 8, bias: true, activation: 'relu6' },
  { ci: 32, co: 40, height: 13, width: 11, bias: true },
  { ci: 64, co: 64, height: 8, width: 8, batch: 2 },
  { kernel: [1, 1], ci: 64, co: 128, height: 8, width: 8, batch: 2, bias: true },
  { kernel: [1, 1], ci: 33, co: 65, height: 5, width: 13, activation: 'relu' },
  { kernel: [1, 1], strides: 2, ci: 48, co: 16, height: 15, width: 9, batch: 3 },
  { kernel: [7, 7], strides: 2, ci: 3, co: 64, height: 19, width: 17, bias: true },
  { kernel: [3, 3], strides: 2, ci: 16, co: 32, height: 16, width: 16, activation: 'relu' },
  { ci: 3, co: 32, height: 32, width: 32, bias: true, activation: 'relu' },
  { kernel: [5, 5], ci: 17, co: 33, height: 9, width: 10, dilation: 2, batch: 2 },
  { kernel: [3, 3], ci: 1, co: 1, height: 1, width: 1 },
  { kernel: [2, 2], strides: 2, ci: 4, co: 8, height: 1, width: 14, batch: 3 },
  // Long sums: of some taps, and of parts of one.
  { kernel: [7, 7], height: 7, width: 6, ci: 52, co: 8, bias: true },
  { kernel: [2, 2], height: 5, width: 5, ci: 640, co: 4 },
];

export const conv2dRows: readonly ConvSpec[] = [
  ...pairwise({ ...spatial, ci: channels, co: channels }, { valid: fits, seed: 11 }),
  ...singles.map((single) => ({ ...base, ...single })),
];

/** The windows that have kernels of their own, in odd sizes, with and without whole vec4s. */
const compiled: readonly DepthwiseSpec[] = pairwise(
  {
    kernel: [
      [3, 3],
      [5, 5],
    ] as Pair[],
    strides: [1, 2] as PairLike[],
    dilation: [1] as PairLike[],
    padding,
    batch: [1, 2, 3],
    height: [5, 8, 13],
    width: [7, 16, 19],
    c: [1, 3, 4, 6, 8, 36],
    multiplier: [1],
    bias: [false, true],
    activation: [undefined, 'relu', 'sigmoid'] as Activation[],
  },
  { seed: 14 },
);

export const depthwiseRows: readonly DepthwiseSpec[] = [
  ...compiled,
  ...pairwise(
    { ...spatial, c: [1, 3, 4, 5, 8, 17], multiplier: [1, 2, 3] },
    { valid: fits, seed: 12 },
  ),
  { ...base, c: 64, multiplier: 1, height: 16, width: 16, bias: true, activation: 'relu6' },
  { ...base, c: 33, multiplier: 1, strides: 2, batch: 3, activation: 'swish' },
  { ...base, c: 32, multiplier: 2, kernel: [5, 5], bias: true },
  // More rows than an invocation makes.
  { ...base, c: 4, multiplier: 1, height: 67, width: 3, bias: true },
  { ...base, c: 4, multiplier: 1, strides: 2, height: 131, width: 3 },
  { ...base, c: 3, multiplier: 1, kernel: [5, 5], strides: 2, height: 131, width: 3 },
];

export const transposeRows: readonly TransposeSpec[] = [
  ...pairwise(
    {
      kernel: [...spatial.kernel, [4, 4], [2, 4]] as Pair[],
      strides: [1, 2, 3, [1, 2]] as PairLike[],
      padding: ['same', 'valid'] as ('same' | 'valid')[],
      batch: spatial.batch,
      height: [1, 4, 7],
      width: [2, 3, 6],
      ci: channels,
      co: channels,
      bias: spatial.bias,
      activation,
    },
    { seed: 13 },
  ),
  { ...base, padding: 'same', kernel: [4, 4], strides: 2, ci: 32, co: 16, height: 8, width: 8 },
  { ...base, padding: 'valid', kernel: [2, 2], strides: 2, ci: 33, co: 17, bias: true },
  { ...base, padding: 'same', kernel: [16, 16], strides: 8, ci: 3, co: 3, height: 3, width: 2 },
  { ...base, padding: 'same', kernel: [3, 3], dilation: 2, ci: 3, co: 5, height: 6, width: 5 },
  { ...base, padding: 'valid', kernel: [2, 3], dilation: [3, 2], ci: 4, co: 8, bias: true },
  { ...base, padding: 'same', kernel: [3, 3], strides: 2, outputPadding: 0, ci: 3, co: 4 },
  { ...base, padding: 'same', kernel: [3, 3], strides: 2, outputPadding: 1, ci: 5, co: 3 },
  { ...base, padding: 'same', kernel: [4, 5], strides: 3, outputPadding: [2, 1], ci: 4, co: 2 },
  {
    ...base,
    padding: 'valid',
    kernel: [3, 2],
    strides: [3, 2],
    outputPadding: [2, 0],
    ci: 2,
    co: 4,
  },
];
