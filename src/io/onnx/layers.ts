import { FoveaError } from '../../errors.js';
import type { Layer, LayerConfig } from '../../nn/layer.js';
import { aspectBox } from '../../nn/layers/preprocessing.js';
import { sizeOf, type Shape } from '../../shape.js';
import type { StoredTensor } from '../formats/array.js';
import { activated } from './activations.js';
import { convolution, depthwise, pooling, separable, transposed } from './convolutions.js';
import type { OnnxGraph, Value } from './graph.js';

/** One use of a layer, to be written. */
export interface LayerUse {
  readonly graph: OnnxGraph;
  readonly layer: Layer;
  readonly config: LayerConfig;
  readonly inputs: readonly Value[];
  /** Of one sample. */
  readonly outputShape: Shape;
  /** The weight of that role. */
  readonly weight: (role: string) => StoredTensor;
  /** Whether the layer has such a weight. */
  readonly has: (role: string) => boolean;
}

type Convert = (use: LayerUse) => Value;

/** Layers that do nothing in inference. */
const same: Convert = ({ inputs }) => inputs[0]!;

/** An operation on each element, with a graph for each class of layers. */
const each =
  (make: (use: LayerUse, x: string) => string): Convert =>
  (use) =>
    use.inputs[0]!.like(make(use, use.inputs[0]!.any));

/** Merges element by element, two inputs at a time. */
const merged =
  (op: string): Convert =>
  ({ graph, inputs, outputShape }) => {
    const names = inputs.map((value) => value.channelsLast);
    return graph.last(
      outputShape,
      names.reduce((a, b) => graph.node(op, [a, b])),
    );
  };

const converters: Readonly<Record<string, Convert>> = {
  InputLayer: same,
  Dropout: same,
  SpatialDropout2D: same,
  GaussianNoise: same,
  RandomFlip: same,
  RandomRotation: same,
  RandomTranslation: same,
  RandomZoom: same,
  RandomContrast: same,
  RandomBrightness: same,
  Conv2D: convolution,
  DepthwiseConv2D: depthwise,
  SeparableConv2D: separable,
  Conv2DTranspose: transposed,
  MaxPooling2D: pooling('MaxPool'),
  AveragePooling2D: pooling('AveragePool'),
  GlobalMaxPooling2D: globalPooling('GlobalMaxPool'),
  GlobalAveragePooling2D: globalPooling('GlobalAveragePool'),
  Dense: (use) => {
    const { graph, inputs, outputShape, config, weight, has } = use;
    const kernel = weight('kernel');
    let y = graph.node('MatMul', [
      inputs[0]!.channelsLast,
      graph.floats(kernel.data as Float32Array, kernel.shape),
    ]);
    if (has('bias')) y = graph.node('Add', [y, graph.floats(weight('bias').data as Float32Array)]);
    return activated(graph, config['activation'] as string, graph.last(outputShape, y));
  },
  Activation: ({ graph, inputs, config }) =>
    activated(graph, config['activation'] as string, inputs[0]!),
  ReLU: each(({ graph, config }, x) => {
    const { maxValue, negativeSlope, threshold } = config as Record<string, number>;
    const moved = graph.node('Sub', [x, graph.scalar(threshold!)]);
    const low = graph.node('Mul', [moved, graph.scalar(negativeSlope!)]);
    const isHigh = graph.node('GreaterOrEqual', [x, graph.scalar(threshold!)]);
    const y = graph.node('Where', [isHigh, x, low]);
    return typeof maxValue === 'number' ? graph.node('Min', [y, graph.scalar(maxValue)]) : y;
  }),
  LeakyReLU: each(({ graph, config }, x) =>
    graph.node('LeakyRelu', [x], { alpha: { float: config['negativeSlope'] as number } }),
  ),
  ELU: each(({ graph, config }, x) =>
    graph.node('Elu', [x], { alpha: { float: config['alpha'] as number } }),
  ),
  PReLU: ({ graph, inputs, weight, outputShape }) => {
    const alpha = weight('alpha');
    const slope = graph.floats(alpha.data as Float32Array, alpha.shape);
    return graph.last(outputShape, graph.node('PRelu', [inputs[0]!.channelsLast, slope]));
  },
  Softmax: ({ graph, inputs, config, outputShape }) =>
    graph.last(
      outputShape,
      graph.node('Softmax', [inputs[0]!.channelsLast], { axis: { int: config['axis'] as number } }),
    ),
  Flatten: ({ graph, inputs, outputShape }) => graph.reshape(inputs[0]!.channelsLast, outputShape),
  Reshape: ({ graph, inputs, outputShape }) => graph.reshape(inputs[0]!.channelsLast, outputShape),
  Permute: ({ graph, inputs, config, outputShape }) =>
    graph.last(
      outputShape,
      graph.node('Transpose', [inputs[0]!.channelsLast], {
        perm: { ints: [0, ...(config['dims'] as number[])] },
      }),
    ),
  RepeatVector: ({ graph, inputs, config, outputShape }) => {
    const [features] = inputs[0]!.shape as [number];
    const row = graph.reshape(inputs[0]!.channelsLast, [1, features]).channelsLast;
    const times = graph.integers([1, config['n'] as number, 1]);
    return graph.last(outputShape, graph.node('Tile', [row, times]));
  },
  ZeroPadding2D: ({ graph, inputs, config, outputShape }) => {
    const [[top, bottom], [left, right]] = config['padding'] as [
      [number, number],
      [number, number],
    ];
    const pads = graph.integers([0, top, left, 0, 0, bottom, right, 0]);
    return graph.last(outputShape, graph.node('Pad', [inputs[0]!.channelsLast, pads]));
  },
  Cropping2D: ({ graph, inputs, config, outputShape }) => {
    const [[top], [left]] = config['cropping'] as [[number, number], [number, number]];
    return cut(graph, inputs[0]!, top, left, outputShape);
  },
  CenterCrop: (use) => {
    const { graph, inputs, outputShape } = use;
    const [height, width] = inputs[0]!.shape as [number, number, number];
    const [top, left] = [height - outputShape[0]!, width - outputShape[1]!];
    if (top < 0 || left < 0) return smartlyResized(use, 'bilinear');
    return cut(graph, inputs[0]!, Math.floor(top / 2), Math.floor(left / 2), outputShape);
  },
  RandomCrop: (use) => smartlyResized(use, 'bilinear'),
  UpSampling2D: (use) => resized(use, use.config['interpolation'] as string),
  Resizing: (use) => {
    const method = use.config['interpolation'] as string;
    return use.config['cropToAspectRatio'] ? smartlyResized(use, method) : resized(use, method);
  },
  Rescaling: ({ graph, inputs, config, outputShape }) => {
    const list = (value: unknown): readonly number[] => [value as number | number[]].flat();
    const scaled = graph.node('Mul', [
      inputs[0]!.channelsLast,
      graph.floats(list(config['scale'])),
    ]);
    return graph.last(
      outputShape,
      graph.node('Add', [scaled, graph.floats(list(config['offset']))]),
    );
  },
  Normalization: normalization,
  BatchNormalization: ({ graph, inputs, outputShape, config, weight, has }) => {
    const mean = weight('moving_mean').data as Float32Array;
    const variance = weight('moving_variance').data as Float32Array;
    const gamma = has('gamma') ? (weight('gamma').data as Float32Array) : mean.map(() => 1);
    const beta = has('beta') ? (weight('beta').data as Float32Array) : mean.map(() => 0);
    const scale = gamma.map((g, i) => g / Math.sqrt(variance[i]! + (config['epsilon'] as number)));
    const offset = beta.map((b, i) => b - mean[i]! * scale[i]!);
    const x = graph.node('Mul', [inputs[0]!.channelsLast, graph.floats(scale)]);
    return graph.last(outputShape, graph.node('Add', [x, graph.floats(offset)]));
  },
  LayerNormalization: ({ graph, inputs, outputShape, config, weight, has }) => {
    const axes = [config['axis'] as number | number[]].flat().length;
    const shape = outputShape.slice(outputShape.length - axes);
    const full = (value: number): Float32Array =>
      new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value);
    const gamma = has('gamma') ? (weight('gamma').data as Float32Array) : full(1);
    const beta = has('beta') ? (weight('beta').data as Float32Array) : full(0);
    const operands = [
      inputs[0]!.channelsLast,
      graph.floats(gamma, shape),
      graph.floats(beta, shape),
    ];
    const attributes = { axis: { int: -axes }, epsilon: { float: config['epsilon'] as number } };
    return graph.last(outputShape, graph.node('LayerNormalization', operands, attributes));
  },
  Add: merged('Add'),
  Subtract: merged('Sub'),
  Multiply: merged('Mul'),
  Maximum: merged('Max'),
  Minimum: merged('Min'),
  Average: (use) => {
    const { graph, inputs, outputShape } = use;
    const share = graph.scalar(1 / inputs.length);
    const sum = merged('Add')(use).channelsLast;
    return graph.last(outputShape, graph.node('Mul', [sum, share]));
  },
  Concatenate: ({ graph, inputs, config, outputShape }) => {
    const names = inputs.map((value) => value.channelsLast);
    const axis = { int: config['axis'] as number };
    return graph.last(outputShape, graph.node('Concat', names, { axis }));
  },
};

/** Whether layers of that class can be written. */
export function canConvert(className: string): boolean {
  return Object.hasOwn(converters, className);
}

/** Adds the nodes of a layer. Throws FILE when the layer has options that cannot be written. */
export function convertLayer(use: LayerUse): Value {
  return converters[use.layer.className]!(use);
}

function globalPooling(op: string): Convert {
  return ({ graph, inputs, outputShape }) => {
    const y = graph.node(op, [inputs[0]!.channelsFirst]);
    return outputShape.length === 3 ? graph.first(outputShape, y) : graph.reshape(y, outputShape);
  };
}

function cut(graph: OnnxGraph, x: Value, top: number, left: number, shape: Shape): Value {
  const ends = [top + shape[0]!, left + shape[1]!];
  const bounds = [graph.integers([top, left]), graph.integers(ends), graph.integers([1, 2])];
  return graph.last(shape, graph.node('Slice', [x.channelsLast, ...bounds]));
}

/** With the coordinates of Keras: centres of pixels; ties of 'nearest' go up. */
function resized({ graph, inputs, outputShape }: LayerUse, method: string): Value {
  // Factors as float32 would not always give the size; the size of the batch is open.
  const x = inputs[0]!.channelsFirst;
  const others = graph.node('Shape', [x], { start: { int: 0 }, end: { int: 2 } });
  const wanted = graph.integers(outputShape.slice(0, 2));
  const sizes = graph.node('Concat', [others, wanted], { axis: { int: 0 } });
  const y = graph.node('Resize', [x, '', '', sizes], {
    mode: { text: method === 'nearest' ? 'nearest' : 'linear' },
    coordinate_transformation_mode: { text: 'half_pixel' },
    nearest_mode: { text: 'round_prefer_ceil' },
  });
  return graph.first(outputShape, y);
}

/** The largest centred part of the aspect ratio, resized. */
function smartlyResized(use: LayerUse, method: string): Value {
  const [h, w, channels] = use.inputs[0]!.shape as [number, number, number];
  const [height, width] = use.outputShape as [number, number, number];
  const { top, left, rows, columns } = aspectBox([h, w], [height, width]);
  const part = cut(use.graph, use.inputs[0]!, top, left, [rows, columns, channels]);
  return resized({ ...use, inputs: [part] }, method);
}

function normalization({
  graph,
  layer,
  inputs,
  config,
  outputShape,
  has,
  weight,
}: LayerUse): Value {
  const axes = [(config['axis'] ?? []) as number | number[]].flat();
  const kept = axes.map((axis) => (axis < 0 ? axis + outputShape.length : axis - 1));
  const shape = outputShape.map((n, i) => (kept.includes(i) ? n : 1));
  const values = (role: 'mean' | 'variance'): readonly number[] => {
    const list = has(role) ? [...weight(role).data] : ([config[role]].flat(Infinity) as number[]);
    if (list.length === 1 || list.length === sizeOf(shape)) return list;
    throw unsupported(layer, `with ${list.length} values of ${role}`);
  };
  const constant = (list: readonly number[]): string =>
    graph.floats(list, list.length === 1 ? [1] : shape);
  const mean = constant(values('mean'));
  const deviation = constant(values('variance').map((v) => Math.max(Math.sqrt(v), 1e-7)));
  const x = inputs[0]!.channelsLast;
  const y = config['invert']
    ? graph.node('Add', [graph.node('Mul', [x, deviation]), mean])
    : graph.node('Div', [graph.node('Sub', [x, mean]), deviation]);
  return graph.last(outputShape, y);
}

/** What an option makes impossible. */
export function unsupported(layer: Layer, what: string): FoveaError {
  return new FoveaError('FILE', `${layer.name}: ${layer.className} ${what} has no form in ONNX`);
}
