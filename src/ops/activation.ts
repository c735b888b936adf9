import { FoveaError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { relu, relu6, sigmoid, swish, tanh, unaryGrad } from './elementwise.js';

/** Activations that convolutions and dense layers apply while they write their result. */
export type Activation = 'relu' | 'relu6' | 'sigmoid' | 'tanh' | 'swish';

/** Numbers of the activations in shaders/lib/math.wgsl. */
const NUMBERS = { relu: 1, relu6: 2, sigmoid: 3, tanh: 4, swish: 5 } as const;

/** The activations by name. */
export const activations: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  relu,
  relu6,
  sigmoid,
  tanh,
  swish,
};

/** Number of an activation for a kernel; 0 for none. Throws on an unknown name. */
export function activationNumber(op: string, activation: Activation | undefined): number {
  if (activation === undefined) return 0;
  const known: Readonly<Record<string, number>> = NUMBERS;
  const number = known[activation];
  if (number === undefined) {
    throw new FoveaError(
      'ARGUMENT',
      `${op}: unknown activation "${activation}"; known are ${Object.keys(NUMBERS).join(', ')}`,
    );
  }
  return number;
}

/** Gradient before the activation, from its output y: swish, which needs its input, is not fused. */
export function activationGrad(
  activation: Exclude<Activation, 'swish'> | undefined,
  y: Tensor,
  dy: Tensor,
): Tensor {
  return activation === undefined ? dy : unaryGrad(activation, y, dy, activation);
}
