import type { LayerConfig } from '../../nn/layer.js';
import { windowAxes, type Pair, type Shape } from '../../shape.js';
import { activated } from './activations.js';
import { permuted, type Value } from './graph.js';
import type { LayerUse } from './layers.js';
import type { Attribute, Initializer } from './proto.js';

interface Window extends LayerConfig {
  readonly kernelSize: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: 'same' | 'valid';
  readonly dilationRate: readonly [number, number];
}

interface Pool extends LayerConfig {
  readonly poolSize: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: 'same' | 'valid';
}

type Attributes = Readonly<Record<string, Attribute>>;

/** The window, with the padding written out: TensorFlow's 'same' pads more at the end. */
function attributesOf(use: LayerUse, window: Window): Attributes {
  const { kernelSize, strides, padding, dilationRate } = window;
  const size = use.inputs[0]!.shape.slice(0, 2) as [number, number];
  const attributes = { strides: strides as Pair, padding, dilation: dilationRate as Pair };
  const axes = windowAxes(use.layer.name, size, kernelSize, attributes);
  const after = axes.map(({ in: n, out, kernel, stride, dilation, before }) =>
    Math.max(0, (out - 1) * stride + (kernel - 1) * dilation + 1 - n - before),
  );
  return {
    kernel_shape: { ints: kernelSize },
    strides: { ints: strides },
    pads: { ints: [...axes.map(({ before }) => before), ...after] },
  };
}

function kernel({ graph }: LayerUse, array: Initializer['array']): string {
  return graph.floats(array.data as Float32Array, array.shape);
}

function bias({ graph, has, weight }: LayerUse): string[] {
  return has('bias') ? [graph.floats(weight('bias').data as Float32Array)] : [];
}

function finish(use: LayerUse, name: string): Value {
  const { graph, config, outputShape } = use;
  return activated(graph, config['activation'] as string, graph.first(outputShape, name));
}

/** Filters [h, w, in, out] become [out, in, h, w]. */
export function convolution(use: LayerUse): Value {
  const { graph, inputs, config, weight } = use;
  const window = config as Window;
  const filters = kernel(use, permuted(weight('kernel'), [3, 2, 0, 1]));
  const operands = [inputs[0]!.channelsFirst, filters, ...bias(use)];
  return finish(
    use,
    graph.node('Conv', operands, {
      ...attributesOf(use, window),
      dilations: { ints: window.dilationRate },
      group: { int: config['groups'] as number },
    }),
  );
}

/** Filters [h, w, in, multiplier] become [in * multiplier, 1, h, w]. */
function channelwise(use: LayerUse, role: string, more: readonly string[]): string {
  const { graph, inputs, config, weight } = use;
  const window = config as Window;
  const { shape, data } = permuted(weight(role), [2, 3, 0, 1]);
  const [channels, multiplier, h, w] = shape as [number, number, number, number];
  const filters = graph.floats(data as Float32Array, [channels * multiplier, 1, h, w]);
  return graph.node('Conv', [inputs[0]!.channelsFirst, filters, ...more], {
    ...attributesOf(use, window),
    dilations: { ints: window.dilationRate },
    group: { int: channels },
  });
}

/** A convolution of each channel by itself. */
export function depthwise(use: LayerUse): Value {
  return finish(use, channelwise(use, 'kernel', bias(use)));
}

/** A depthwise convolution, then one of single pixels. */
export function separable(use: LayerUse): Value {
  const between = channelwise(use, 'depthwise_kernel', []);
  const points = kernel(use, permuted(use.weight('pointwise_kernel'), [3, 2, 0, 1]));
  return finish(use, use.graph.node('Conv', [between, points, ...bias(use)]));
}

/** Filters [h, w, out, in] become [in, out, h, w]. */
export function transposed(use: LayerUse): Value {
  const { graph, inputs, config, weight, outputShape } = use;
  const { kernelSize, strides, dilationRate } = config as Window;
  const cut = ([0, 1] as const).map((i) => {
    const window = (kernelSize[i] - 1) * dilationRate[i] + 1;
    return (inputs[0]!.shape[i]! - 1) * strides[i] + window - outputShape[i]!;
  });
  const before = cut.map((n) => Math.floor(Math.max(n, 0) / 2));
  const after = cut.map((n, i) => Math.max(n, 0) - before[i]!);
  const filters = kernel(use, permuted(weight('kernel'), [3, 2, 0, 1]));
  return finish(
    use,
    graph.node('ConvTranspose', [inputs[0]!.channelsFirst, filters, ...bias(use)], {
      kernel_shape: { ints: kernelSize },
      strides: { ints: strides },
      dilations: { ints: dilationRate },
      pads: { ints: [...before, ...after] },
      output_padding: { ints: cut.map((n) => Math.max(-n, 0)) },
    }),
  );
}

/** Padding does not count in means. */
export function pooling(op: string): (use: LayerUse) => Value {
  return (use) => {
    const { poolSize, strides, padding } = use.config as Pool;
    const window = { kernelSize: poolSize, strides, padding, dilationRate: [1, 1] as const };
    const shape: Shape = use.outputShape;
    const attributes = attributesOf(use, window);
    return use.graph.first(shape, use.graph.node(op, [use.inputs[0]!.channelsFirst], attributes));
  };
}
