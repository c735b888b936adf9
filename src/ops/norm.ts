import { record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import type { Flags } from '../gpu/template.js';
import { formatShape } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import { activationNumber, type Activation } from './activation.js';
import { cast } from './cast.js';
import { channelFlags, mergeSegments, sumSegments, vecOf, type Named } from './columns.js';
import { checkFloat } from './elementwise.js';
import { zeros } from './fill.js';
import { moments } from './moments.js';
import { reshape } from './movement.js';
import { reduceRaw } from './reduce.js';
import { rowsOf, type Rows } from './rows.js';
import { boundsOf, part, run, windows, type Operand } from './run.js';

const WG = 64;
/** Rows for which an invocation reads what belongs to its channels once. */
const ROWS = 16;

/** Options of the batch normalisations. */
export interface BatchNormOptions {
  /** Added to the variance. Default 1e-3, as in Keras. */
  readonly epsilon?: number;
}

/** Options of `batchNorm`. */
export interface BatchNormTrainingOptions extends BatchNormOptions {
  /** Applied to the result, in the same pass. Default none. */
  readonly activation?: Activation | undefined;
}

/** What `batchNorm` computes. */
export interface BatchNormResult {
  /** The normalised values, of the shape of x. */
  readonly y: Tensor;
  /** Mean of each channel, [c], without gradient: for the moving averages. */
  readonly mean: Tensor;
  /** Biased variance of each channel, [c], without gradient. */
  readonly variance: Tensor;
}

/**
 * Batch normalisation in training: act((x - mean) / sqrt(variance + epsilon) * gamma + beta), with mean
 * and variance of x itself over all axes but the last.
 * Source: Ioffe and Szegedy, "Batch Normalization", 2015; epsilon and variance as in Keras.
 *
 * @param x [..., c]
 * @param gamma [c]
 * @param beta [c]
 * @throws FoveaError when the shapes disagree, x has no rows, or the activation is unknown
 */
export function batchNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { epsilon = 1e-3, activation }: BatchNormTrainingOptions = {},
): BatchNormResult {
  const op = 'batchNorm';
  const norm = batchStatistics(op, x, gamma, beta, { epsilon, activation });
  const { mean, variance } = norm;
  const y = normalise(op, norm.rows, { x, gamma, beta, mean, variance }, norm.ending);
  record(op, [x, gamma, beta], y, norm.saved, (dy, saved, needs) =>
    norm.gradients(dy, saved, needs),
  );
  norm.rest.dispose();
  return { y, mean, variance };
}

/** A batch normalization in training before anything is normalized. */
export interface BatchStatistics {
  readonly rows: Rows;
  readonly ending: Ending;
  readonly mean: Tensor;
  readonly variance: Tensor;
  /** What rounding leaves out of the mean. To be freed. */
  readonly rest: Tensor;
  /** What its gradients need. */
  readonly saved: readonly Tensor[];
  /** Gradients of x, gamma and beta, from that of the result and what was saved. */
  gradients(
    dy: Tensor,
    saved: readonly Tensor[],
    needs: readonly boolean[],
  ): readonly (Tensor | undefined)[];
}

/** See `batchNorm`. */
export function batchStatistics(
  op: string,
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { epsilon = 1e-3, activation }: BatchNormTrainingOptions,
): BatchStatistics {
  const ending = { epsilon, ACTIVATION: activationNumber(op, activation) };
  const rows = check(op, x, { gamma, beta }, epsilon);
  const stats = moments(op, x, rows);
  const { mean, variance, rest } = stats;
  return {
    rows,
    ending,
    ...stats,
    saved: [x, gamma, mean, variance, rest, beta],
    gradients: (dy, [input, scale, m, v, r, shift], needs) => {
      const given = { x: input!, dy, mean: m!, variance: v!, gamma: scale!, beta: shift! };
      const { sums, dots } = gradientSums(op, rows, { ...given, rest: r! }, ending);
      const dx = needs[0] ? inputGradient(op, rows, { ...given, sums, dots }, ending) : undefined;
      return [dx, needs[1] ? dots : undefined, needs[2] ? sums : undefined];
    },
  };
}

/**
 * Batch normalisation with given statistics: (x - mean) / sqrt(variance + epsilon) * gamma + beta.
 * Has gradients for x, gamma and beta.
 *
 * @param x [..., c]
 * @param gamma [c]
 * @param beta [c]
 * @param mean [c]
 * @param variance [c]
 * @throws FoveaError when the shapes disagree
 */
export function batchNormInference(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  mean: Tensor,
  variance: Tensor,
  { epsilon = 1e-3 }: BatchNormOptions = {},
): Tensor {
  const op = 'batchNormInference';
  const rows = check(op, x, { gamma, beta, mean, variance }, epsilon);
  const ending = { epsilon, ACTIVATION: 0 };
  const operands = { x, gamma, beta, mean, variance };
  const y = normalise(op, rows, operands, ending);
  // Only the gradient of gamma needs x.
  const saved = gamma.requiresGrad ? [gamma, mean, variance, x] : [gamma, mean, variance];
  return record(op, [x, gamma, beta], y, saved, (dy, [scale, m, v, input], needs) => {
    const zero = zeros([rows.c]);
    const still = { x: dy, gamma: scale!, beta: zero, mean: zero, variance: v! };
    const dx = needs[0] ? normalise(`${op} gradient`, rows, still, ending) : undefined;
    if (!needs[1]) return [dx, undefined, needs[2] ? channelSum(op, rows.c, dy) : undefined];
    const given = { x: input!, dy, mean: m!, rest: zero, variance: v!, gamma: scale!, beta: zero };
    const { sums, dots } = gradientSums(op, rows, given, ending);
    return [dx, dots, needs[2] ? sums : undefined];
  });
}

function check(
  op: string,
  x: Tensor,
  channels: Readonly<Record<string, Tensor>>,
  epsilon: number,
): Rows {
  checkFloat(op, x, ...Object.values(channels));
  const rows = rowsOf(op, 'x', x);
  if (rows.rows === 0) {
    throw new FoveaError('SHAPE', `${op}: x has no rows, got shape ${formatShape(x.shape)}`);
  }
  for (const [name, { shape }] of Object.entries(channels)) {
    if (shape.length === 1 && shape[0] === rows.c) continue;
    throw new FoveaError(
      'SHAPE',
      `${op}: ${name} ${formatShape(shape)} does not fit x ${formatShape(x.shape)}`,
      { hint: `${name} has one number per channel: [${rows.c}].` },
    );
  }
  if (!(epsilon >= 0)) {
    throw new FoveaError('ARGUMENT', `${op}: epsilon must not be negative, got ${epsilon}`);
  }
  return rows;
}

/** What a normalization ends with: parameter and flag of its kernels. */
interface Ending {
  readonly epsilon: number;
  /** Number of the activation. */
  readonly ACTIVATION: number;
}

const endingFlags = (rows: Rows, { ACTIVATION }: Ending): Flags => ({
  ACTIVATION,
  VEC: vecOf(rows) === 4,
});

/**
 * Batch normalisation of averages as one multiplication and one addition per channel.
 *
 * @param norm gamma, beta, mean and variance, [c] each
 * @param bias [c], of what is normalised: taken into the sum
 * @returns [2, c]: what to add to each channel after multiplying it by the second row. Not on the tape
 */
export function scaleShift(
  norm: Readonly<Record<'gamma' | 'beta' | 'mean' | 'variance', Tensor>>,
  bias: Tensor | undefined,
  epsilon: number,
): Tensor {
  const c = norm.gamma.size;
  const y = empty([2, c]);
  const operands = { ...norm, bias: bias ?? norm.beta, y };
  const flags = { WG, BIAS: bias !== undefined };
  run('batchNorm', 'scale_shift', flags, operands, { c, epsilon }, Math.ceil(c / WG));
  return y;
}

/** Runs a kernel that makes ROWS rows an invocation: `wide` are [rows, c], `channels` [c]. */
function perRows(
  op: string,
  kernel: string,
  rows: Rows,
  { wide, channels }: { wide: Named; channels: Named },
  flags: Flags,
  params: Readonly<Record<string, number>>,
): void {
  const { c } = rows;
  const vec = vecOf(rows);
  const bounds = boundsOf(...Object.values(wide));
  for (const window of windows(op, rows.rows, [c], bounds)) {
    const operands: Record<string, Operand> = { ...channels };
    for (const [name, t] of Object.entries(wide)) operands[name] = part(t, c, window);
    const n = (Math.ceil(window.rows / ROWS) * c) / vec;
    const all = { n, c: c / vec, rows: window.rows, ...params };
    run(op, kernel, { ...channelFlags(rows), ROWS, ...flags }, operands, all, Math.ceil(n / WG));
  }
}

function normalise(
  op: string,
  rows: Rows,
  operands: Readonly<Record<'x' | 'gamma' | 'beta' | 'mean' | 'variance', Tensor>>,
  ending: Ending,
): Tensor {
  const { x, ...channels } = operands;
  const y = empty(x.shape, x.dtype);
  const { epsilon } = ending;
  const tensors = { wide: { x, y }, channels };
  perRows(op, 'batch_norm', rows, tensors, endingFlags(rows, ending), { epsilon });
  return y;
}

/** Sums over all rows of dy before the activation, and of that times (x - mean - rest) / sqrt(variance + epsilon). */
function gradientSums(
  op: string,
  rows: Rows,
  operands: Readonly<Record<'x' | 'dy' | 'mean' | 'rest' | 'variance' | 'gamma' | 'beta', Tensor>>,
  ending: Ending,
): { sums: Tensor; dots: Tensor } {
  const { x, dy, gamma, beta, ...stats } = operands;
  const channels = ending.ACTIVATION ? { ...stats, gamma, beta } : stats;
  const tensors = { wide: { x, dy }, channels };
  const params = { epsilon: ending.epsilon };
  const flags = endingFlags(rows, ending);
  const name = `${op} gradient`;
  const segments = sumSegments(name, 'batch_norm_grad_sums', rows, 2, tensors, flags, params);
  return mergeSegments(name, 'batch_norm_grad_merge', rows, segments, ['sums', 'dots']);
}

/** The sum over everything but channels, [c]. */
function channelSum(op: string, c: number, x: Tensor): Tensor {
  if (x.size === c) return cast(reshape(x, [c]), 'float32');
  const rows = reshape(x, [x.size / c, c]);
  return reshape(reduceRaw(`${op} gradient`, 'SUM', rows, [0], 1, 'float32'), [c]);
}

function inputGradient(
  op: string,
  rows: Rows,
  operands: Readonly<
    Record<'x' | 'dy' | 'gamma' | 'beta' | 'mean' | 'variance' | 'sums' | 'dots', Tensor>
  >,
  ending: Ending,
): Tensor {
  const { x, dy, beta, ...others } = operands;
  const channels = ending.ACTIVATION ? { ...others, beta } : others;
  const dx = empty(x.shape, x.dtype);
  const params = { count: rows.rows, epsilon: ending.epsilon };
  const tensors = { wide: { x, dy, dx }, channels };
  perRows(`${op} gradient`, 'batch_norm_grad', rows, tensors, endingFlags(rows, ending), params);
  return dx;
}
