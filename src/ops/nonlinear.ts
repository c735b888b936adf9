import { FoveaError } from '../errors.js';
import { broadcastShape, formatShape, sameShape } from '../shape.js';
import { scope } from '../scope.js';
import type { Tensor } from '../tensor.js';
import { mul, neg, sub } from './binary.js';
import { relu, unary } from './elementwise.js';

/** x above 0, alpha * (exp(x) - 1) below. Source: Clevert et al., 2015. */
export function elu(x: Tensor, { alpha = 1 }: { readonly alpha?: number } = {}): Tensor {
  return unary('elu', x, 'elu', [alpha, 1]);
}

/** `elu`, scaled so that deep dense networks keep mean 0 and variance 1. Klambauer et al., 2017. */
export function selu(x: Tensor): Tensor {
  return unary('selu', x, 'elu', [1.6732632423543772, 1.0507009873554805]);
}

/**
 * x times the share of the normal distribution below x, to about 1e-6 of itself for x above -5.
 *
 * @param options `approximate` takes the older formula with tanh. Default false, as in Keras.
 */
export function gelu(
  x: Tensor,
  { approximate = false }: { readonly approximate?: boolean } = {},
): Tensor {
  return unary('gelu', x, approximate ? 'gelu_tanh' : 'gelu');
}

/** slope * x + 0.5, cut at 0 and 1. The slope is 1 / 6 in Keras 3, 0.2 in Keras 2. */
export function hardSigmoid(
  x: Tensor,
  { slope = 1 / 6 }: { readonly slope?: number } = {},
): Tensor {
  return unary('hardSigmoid', x, 'hard_sigmoid', [slope]);
}
/** x * hardSigmoid(x), Keras's hard_silu. Howard et al., 2019. */
export const hardSwish = (x: Tensor): Tensor => unary('hardSwish', x, 'hard_swish', [1 / 6]);
/** x * tanh(softplus(x)). Misra, 2019. */
export const mish = (x: Tensor): Tensor => unary('mish', x, 'mish');
/** log(1 + exp(x)), without overflow. */
export const softplus = (x: Tensor): Tensor => unary('softplus', x, 'softplus');
/** x / (1 + |x|). */
export const softsign = (x: Tensor): Tensor => unary('softsign', x, 'softsign');

/** x above 0, negativeSlope * x below. */
export function leakyRelu(
  x: Tensor,
  { negativeSlope = 0.2 }: { readonly negativeSlope?: number } = {},
): Tensor {
  return relu(x, { negativeSlope });
}

/**
 * x above 0, alpha * x below, with slopes that are learned.
 *
 * @param alpha broadcasts to x: [h, w, c] for a slope of its own for each place of [n, h, w, c],
 *   [1, 1, c] for one that height and width share
 * @throws FoveaError SHAPE when alpha does not broadcast to x
 */
export function prelu(x: Tensor, alpha: Tensor): Tensor {
  if (!sameShape(broadcastShape('prelu', x.shape, alpha.shape), x.shape)) {
    throw new FoveaError(
      'SHAPE',
      `prelu: alpha ${formatShape(alpha.shape)} does not broadcast to x ${formatShape(x.shape)}`,
      { hint: 'alpha has the shape of one sample, or 1 where an axis shares it.' },
    );
  }
  return scope(() => sub(relu(x), mul(alpha, relu(neg(x)))));
}
