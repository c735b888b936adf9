import type { SymbolicTensor } from '../nn/graph.js';
import * as layers from '../nn/layers/index.js';

/**
 * The padding of a convolution with stride 2, 'same', as a layer of its own: Keras's networks have
 * one there.
 *
 * @param kernelSize an odd number
 */
export function correctPad(x: SymbolicTensor, kernelSize: number, name: string): SymbolicTensor {
  const after = Math.floor(kernelSize / 2);
  const before = (size: number): number => after - (1 - (size % 2));
  const padding = [
    [before(x.shape[0]!), after],
    [before(x.shape[1]!), after],
  ] as const;
  return layers.zeroPadding2d({ padding, name }).apply(x);
}
