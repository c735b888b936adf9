import {
  elu,
  exp,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  mish,
  relu,
  relu6,
  selu,
  sigmoid,
  softmax,
  softplus,
  softsign,
  swish,
  tanh,
  type Activation as FusedActivation,
} from '../ops/index.js';
import type { Tensor } from '../tensor.js';
import { checkOneOf } from './layer.js';

const functions = {
  linear: (x: Tensor): Tensor => x,
  relu: (x: Tensor): Tensor => relu(x),
  relu6,
  elu: (x: Tensor): Tensor => elu(x),
  selu,
  gelu: (x: Tensor): Tensor => gelu(x),
  sigmoid,
  hardSigmoid: (x: Tensor): Tensor => hardSigmoid(x),
  hardSigmoid2: (x: Tensor): Tensor => hardSigmoid(x, { slope: 0.2 }),
  hardSwish,
  mish,
  tanh,
  softplus,
  softsign,
  swish,
  exponential: exp,
  leakyRelu: (x: Tensor): Tensor => leakyRelu(x),
  softmax: (x: Tensor): Tensor => softmax(x),
};

/**
 * The activations: Keras's names in camelCase. 'softmax' is over the last dimension, 'hardSigmoid2' is
 * the steeper one of Keras 2.
 */
export type ActivationName = keyof typeof functions;

const names = Object.keys(functions) as ActivationName[];

/** The activations that convolutions and dense layers apply while they write their result. */
const fused: ReadonlySet<string> = new Set<FusedActivation>([
  'relu',
  'relu6',
  'sigmoid',
  'tanh',
  'swish',
]);

/** The name, if it is one of an activation. Throws ARGUMENT, with the allowed ones, otherwise. */
export function checkActivation(layer: string, name: string): ActivationName {
  return checkOneOf(layer, 'activation', name, names);
}

/** Applies an activation element by element, or row by row. */
export function activate(name: ActivationName, x: Tensor): Tensor {
  return functions[name](x);
}

/** Whether convolutions and dense layers apply it while they write their result. */
export function isFused(name: ActivationName): name is FusedActivation {
  return fused.has(name);
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
