import type { SymbolicTensor } from '../nn/graph.js';
import * as layers from '../nn/layers/index.js';

/**
 * What Keras's networks pad before a convolution with stride 2 and no padding of its own. Unlike
 * 'same', it pads below and on the right at least as much as above and on the left for both
 * parities of the size.
 */
export function correctPad(x: SymbolicTensor, kernelSize: number, name: string): SymbolicTensor {
  const after = Math.floor(kernelSize / 2);
  const [height, width] = x.shape as [number, number, number];
  const before = (size: number): number => after - (1 - (size % 2));
  const padding = [
    [before(height), after],
    [before(width), after],
  ] as const;
  return layers.zeroPadding2d({ padding, name }).apply(x);
}
