import { FoveaError } from '../errors.js';
import type { StoredTensor } from '../io/formats/array.js';
import type { Model } from '../nn/model.js';
import { formatShape, sameShape, type Shape } from '../shape.js';

/** Where a layer is in PyTorch's EfficientNet, by the end of its name within a block. */
const IN_BLOCK: Readonly<Record<string, string>> = {
  expand_conv: '_expand_conv',
  expand_bn: '_bn0',
  dwconv: '_depthwise_conv',
  bn: '_bn1',
  project_conv: '_project_conv',
  project_bn: '_bn2',
};
const OUTSIDE: Readonly<Record<string, string>> = {
  stem_conv: '_conv_stem',
  stem_bn: '_bn0',
  top_conv: '_conv_head',
  top_bn: '_bn1',
  predictions: '_fc',
};
const ROLES: Readonly<Record<string, string>> = {
  kernel: 'weight',
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/**
 * The weights of an EfficientNet-Lite from the state dict of PyTorch's efficientnet-lite-pytorch,
 * by fovea's names and in its layout.
 *
 * @throws FoveaError FILE when one is missing or has another shape
 */
export function liteWeights(
  model: Model,
  stateDict: ReadonlyMap<string, StoredTensor>,
): Map<string, StoredTensor> {
  const blocks = [...new Set(model.layers.flatMap(({ name }) => blockOf(name) ?? []))];
  const weights = new Map<string, StoredTensor>();
  for (const { className, weights: own } of model.layers) {
    for (const { name, value } of own) {
      const key = torchName(name, blocks);
      const found = stateDict.get(key);
      const tensor = found && toChannelsLast(found, className === 'DepthwiseConv2D');
      if (tensor?.dtype !== 'float32' || !sameShape(tensor.shape, value.shape)) {
        const got = found ? `is ${found.dtype} ${formatShape(found.shape)}` : 'is missing';
        throw new FoveaError('FILE', `tensor '${key}' ${got}; ${name} needs ${value.toString()}`, {
          hint: `The file must be the state dict of efficientnet-lite-pytorch for ${model.name}.`,
        });
      }
      weights.set(name, tensor);
    }
  }
  return weights;
}

/** The block that a layer belongs to: 'block2a'. */
function blockOf(layer: string): string | undefined {
  return /^(block\d+[a-z])_/.exec(layer)?.[1];
}

function torchName(weight: string, blocks: readonly string[]): string {
  const [layer, role] = weight.split('/') as [string, string];
  const block = blockOf(layer);
  const end = ROLES[role]!;
  if (block === undefined) return `${OUTSIDE[layer]!}.${end}`;
  return `_blocks.${blocks.indexOf(block)}.${IN_BLOCK[layer.slice(block.length + 1)]!}.${end}`;
}

/** Filters [out, in, h, w] become [h, w, in, out], or [h, w, out, 1]; matrices are transposed. */
function toChannelsLast(tensor: StoredTensor, isDepthwise: boolean): StoredTensor {
  const { dtype, shape, data } = tensor;
  if (dtype !== 'float32' || shape.length < 2) return tensor;
  const order = shape.length === 2 ? [1, 0] : isDepthwise ? [2, 3, 0, 1] : [2, 3, 1, 0];
  return { dtype, shape: order.map((axis) => shape[axis]!), data: transposed(data, shape, order) };
}

function transposed(data: Float32Array, shape: Shape, order: readonly number[]): Float32Array {
  const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const out = new Float32Array(data.length);
  let at = 0;
  const walk = (depth: number, from: number): void => {
    if (depth === order.length) {
      out[at++] = data[from]!;
      return;
    }
    const axis = order[depth]!;
    for (let i = 0; i < shape[axis]!; i++) walk(depth + 1, from + i * steps[axis]!);
  };
  walk(0, 0);
  return out;
}
