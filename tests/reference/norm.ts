import { map, zeros, type Array64 } from './array.js';

export interface NormOptions {
  readonly epsilon?: number;
}

export interface NormResult {
  readonly y: Array64;
  readonly mean: Array64;
  /** The biased variance of the batch. */
  readonly variance: Array64;
}

/** The mean of f over all axes but the last. */
function channelMean(x: Array64, f: (value: number, channel: number) => number): Array64 {
  const channels = x.shape.at(-1)!;
  const mean = zeros([channels]);
  x.data.forEach((value, i) => {
    mean.data[i % channels]! += f(value, i % channels) / (x.data.length / channels);
  });
  return mean;
}

/** (x - mean) / sqrt(variance + epsilon) * gamma + beta. Epsilon defaults to Keras's 1e-3. */
export function batchNormInference(
  x: Array64,
  gamma: Array64,
  beta: Array64,
  mean: Array64,
  variance: Array64,
  { epsilon = 1e-3 }: NormOptions = {},
): Array64 {
  const channels = x.shape.at(-1)!;
  return map(x, (value, i) => {
    const c = i % channels;
    const normal = (value - mean.data[c]!) / Math.sqrt(variance.data[c]! + epsilon);
    return normal * gamma.data[c]! + beta.data[c]!;
  });
}

/** Batch normalisation with the statistics of the batch itself. */
export function batchNorm(
  x: Array64,
  gamma: Array64,
  beta: Array64,
  options: NormOptions = {},
): NormResult {
  const mean = channelMean(x, (value) => value);
  const variance = channelMean(x, (value, c) => (value - mean.data[c]!) ** 2);
  return { y: batchNormInference(x, gamma, beta, mean, variance, options), mean, variance };
}
