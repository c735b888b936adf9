import { record } from '../autograd.js';
import { empty, type Tensor } from '../tensor.js';
import type { Prologue } from './conv_geometry.js';
import {
  biasGradient,
  checkBias,
  conv2dGeometry,
  convolution,
  convolve,
  filterGradient,
  inputGradient,
  momentsFor,
  type ConvEnd,
  type ConvOptions,
} from './conv2d.js';
import { normalizesOperand } from './gemm.js';
import {
  batchNorm,
  batchStatistics,
  scaleShift,
  type BatchNormResult,
  type BatchNormTrainingOptions,
} from './norm.js';

/** Options of `conv2d`, without activation, and what comes after it. */
export type Conv2dHeadOptions = Omit<ConvOptions, 'activation'> &
  Pick<ConvEnd, 'isNormed'> & { readonly groups?: number };

/** `conv2d` that is told whether a batchNorm follows. */
export function conv2dHead(x: Tensor, w: Tensor, options: Conv2dHeadOptions): Tensor {
  const g = conv2dGeometry('conv2d', x.shape, w.shape, options);
  return convolution('conv2d', x, w, [g.batch, g.oh, g.ow, g.co], options, g, false);
}

/**
 * conv2d(batchNorm(x), w) in training. On a GPU, a convolution of single pixels normalizes what it loads, and so does
 * its filter gradient: what is between them is never stored.
 *
 * @param x [n, h, w, ci]
 * @param gamma [ci]
 * @param beta [ci]
 * @param w [kh, kw, ci / groups, co]
 * @param norm options of `batchNorm`
 * @returns y [n, oh, ow, co], and the statistics of x as `batchNorm` does
 */
export function batchNormConv2d(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  w: Tensor,
  norm: BatchNormTrainingOptions,
  conv: Conv2dHeadOptions,
): BatchNormResult {
  const op = 'batchNorm + conv2d';
  const g = conv2dGeometry('conv2d', x.shape, w.shape, conv);
  if (!normalizesOperand(x.device, g)) {
    const { y: between, ...statistics } = batchNorm(x, gamma, beta, norm);
    const y = conv2dHead(between, w, conv);
    between.dispose();
    return { y, ...statistics };
  }
  const { bias } = conv;
  checkBias('conv2d', bias, g.co);
  const stats = batchStatistics('batchNorm', x, gamma, beta, norm);
  const { mean, variance, rest, ending } = stats;
  const factors = scaleShift({ gamma, beta, mean, variance }, undefined, ending.epsilon);
  const prologueOf = (terms: Tensor): Prologue => ({
    scaleShift: terms,
    activation: ending.ACTIVATION,
  });
  const y = empty([g.batch, g.oh, g.ow, g.co], x.dtype);
  convolve(op, x, w, y, g, false, { bias, ...momentsFor(y, conv) }, prologueOf(factors));
  const inputs = bias ? [x, gamma, beta, w, bias] : [x, gamma, beta, w];
  record(op, inputs, y, [w, factors, ...stats.saved], (dy, [sw, terms, ...saved], needs) => {
    const [input] = saved;
    const ofNorm = needs.slice(0, 3);
    const between = ofNorm.some(Boolean) ? inputGradient(op, dy, sw!, input!, g, false) : undefined;
    return [
      ...(between ? stats.gradients(between, saved, ofNorm) : [undefined, undefined, undefined]),
      needs[3] ? filterGradient(op, input!, dy, sw!, g, false, prologueOf(terms!)) : undefined,
      needs[4] ? biasGradient(dy) : undefined,
    ];
  });
  for (const t of [rest, factors]) t.dispose();
  return { y, mean, variance };
}
