import { relu, relu6, sigmoid, softmax, swish, tanh } from '../ops/index.js';
import type { Tensor } from '../tensor.js';
import { checkOneOf } from './layer.js';

const NAMES = ['linear', 'relu', 'relu6', 'sigmoid', 'tanh', 'swish', 'softmax'] as const;

/** The activations: Keras's names. 'softmax' is over the last dimension. */
export type ActivationName = (typeof NAMES)[number];

/** Activations that dense and convolution kernels compute in their epilogue. */
export type FusedActivation = Exclude<ActivationName, 'linear' | 'softmax'>;

const functions: Readonly<Record<ActivationName, (x: Tensor) => Tensor>> = {
  linear: (x) => x,
  relu,
  relu6,
  sigmoid,
  tanh,
  swish,
  softmax: (x) => softmax(x),
};

/** The name, if it is one of an activation. Throws ARGUMENT, with the allowed ones, otherwise. */
export function checkActivation(layer: string, name: string): ActivationName {
  return checkOneOf(layer, 'activation', name, NAMES);
}

/** Applies an activation element by element, or row by row. */
export function activate(name: ActivationName, x: Tensor): Tensor {
  return functions[name](x);
}

/** Whether kernels can apply the activation themselves. */
export function isFused(name: ActivationName): name is FusedActivation {
  return name !== 'linear' && name !== 'softmax';
}

/**
 * Runs an operation that can apply an activation in its epilogue, followed by the activation where
 * it cannot. `logits` leaves the activation out.
 */
export function withActivation(
  name: ActivationName,
  logits: boolean | undefined,
  op: (fused: { readonly activation?: FusedActivation }) => Tensor,
): Tensor {
  if (logits || name === 'linear') return op({});
  return isFused(name) ? op({ activation: name }) : activate(name, op({}));
}
