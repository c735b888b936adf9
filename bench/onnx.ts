import type { StoredTensor } from '../src/io/formats/array.js';
import { encodeOnnx, type Attribute, type OnnxNode } from '../src/io/onnx/proto.js';
import { layoutOf, type Layout, type OpRow } from './row.js';

type Attributes = Readonly<Record<string, Attribute>>;

/** ONNX's operation for a row, on [n, channels, height, width] and filters [out, in, h, w]. */
interface Operation {
  readonly op: string;
  readonly attributes?: (options: OpRow['options'], inputs: OpRow['inputs']) => Attributes;
  /** Operands and result with their first two dimensions exchanged. */
  readonly exchanged?: boolean;
}

const ints = (...values: number[]): Attribute => ({ ints: values });
const window = ({ strides = 1 }: OpRow['options']): Attributes => ({
  auto_pad: { text: 'SAME_UPPER' },
  strides: ints(strides, strides),
});
/** Padding of an odd window at stride 1. */
const around = ({ size = 1 }: OpRow['options']): Attributes => {
  const pad = (size - 1) / 2;
  return { pads: ints(pad, pad, pad, pad) };
};

/** Rows whose operation is not here cannot run on an ONNX runtime: it has no gradients. */
const operations: Readonly<Record<string, Operation>> = {
  matmul: { op: 'MatMul' },
  conv2d: { op: 'Conv', attributes: window },
  conv2dInputGradient: { op: 'ConvTranspose', attributes: around },
  // The correlation of x and dy over the pictures.
  conv2dFilterGradient: { op: 'Conv', attributes: around, exchanged: true },
  depthwiseConv2d: {
    op: 'Conv',
    attributes: (options, { x }) => ({ ...window(options), group: { int: x![3]! } }),
  },
  maxPool2d: {
    op: 'MaxPool',
    attributes: () => ({ kernel_shape: ints(2, 2), strides: ints(2, 2) }),
  },
  softmax: { op: 'Softmax' },
  meanOfRows: {
    op: 'ReduceMean',
    attributes: () => ({ axes: ints(-1), keepdims: { int: 0 } }),
  },
  add: { op: 'Add' },
  relu: { op: 'Relu' },
};

/** How values are reordered for ONNX, as permutations of dimensions, and back. */
export const toFirst: Readonly<Record<Layout, readonly number[] | undefined>> = {
  picture: [0, 3, 1, 2],
  filter: [3, 2, 0, 1],
  depthwise: [2, 3, 0, 1],
  plain: undefined,
};

/**
 * A graph of one operation, between transpositions where channels come last: a runtime that prefers
 * them there cancels these. Filters are constants.
 */
export function opOnnx(
  row: OpRow,
  inputs: Readonly<Record<string, StoredTensor>>,
  channelsFirst: boolean,
): Uint8Array | undefined {
  const operation = operations[row.op];
  if (!operation) return undefined;
  const nodes: OnnxNode[] = [];
  const node = (op: string, from: readonly string[], attributes: Attributes = {}): string => {
    const name = `value_${nodes.length}`;
    nodes.push({ op, name, inputs: from, output: name, attributes });
    return name;
  };
  const reorder = (name: string, by: readonly number[] | undefined): string =>
    by ? node('Transpose', [name], { perm: { ints: by } }) : name;
  const { exchanged = false } = operation;
  const swapped = exchanged ? [1, 0, 2, 3] : undefined;
  const operands = Object.keys(inputs).map((name) => {
    const layout = layoutOf(name, inputs[name]!.shape);
    const first = reorder(
      name,
      channelsFirst && layout === 'picture' ? undefined : toFirst[layout],
    );
    return reorder(first, swapped);
  });
  const attributes = operation.attributes?.(row.options, row.inputs);
  const result = reorder(node(operation.op, operands, attributes), swapped);
  const back = toFirst[row.result];
  const output = reorder(result, back && !channelsFirst ? inverse(back) : undefined);
  node('Identity', [output]);
  const named = Object.entries(inputs);
  const ordered = (layout: Layout, shape: readonly number[]): readonly number[] =>
    (channelsFirst && toFirst[layout]?.map((d) => shape[d]!)) || shape;
  const constant = ([name]: [string, StoredTensor]): boolean =>
    ['filter', 'depthwise'].includes(name);
  return encodeOnnx({
    name: row.op,
    nodes,
    initializers: named.filter(constant).map(([name, array]) => ({ name, array })),
    inputs: named
      .filter((each) => !constant(each))
      .map(([name, { shape }]) => ({ name, shape: ordered(layoutOf(name, shape), shape) })),
    outputs: [{ name: nodes.at(-1)!.output, shape: ordered(row.result, row.resultShape) }],
  });
}

/** The permutation that undoes another one. */
export function inverse(permutation: readonly number[]): number[] {
  return permutation.map((_, i) => permutation.indexOf(i));
}
