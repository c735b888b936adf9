import type { LayerCall } from './graph.js';
import { Conv2DTranspose } from './layers/conv.js';
import { Model } from './model.js';

/**
 * Multiply-accumulates of one use of a layer for one sample: of convolutions and dense layers, each value of whose
 * kernels is used once at each place. Those of all other layers count nothing.
 */
export function macsOf({ layer, inputs, outputs }: LayerCall): number {
  if (layer instanceof Model) {
    return layer.graph.calls.reduce((sum, call) => sum + macsOf(call), 0);
  }
  const kernels = layer.weights.filter(({ name }) => name.endsWith('kernel'));
  // A transposed convolution spreads each place of its input.
  const [side] = layer instanceof Conv2DTranspose ? inputs : outputs;
  const places = side!.shape.slice(0, -1).reduce((product, n) => product * n, 1);
  return kernels.reduce((sum, { value }) => sum + value.size * places, 0);
}
