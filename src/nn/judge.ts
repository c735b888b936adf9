import type { HostArray } from './data.js';
import type { Dataset } from './dataset.js';
import { FoveaError } from '../errors.js';
import type { Model } from './model.js';

/** What a classifier says of every sample of a data set. */
export interface Judgement {
  /** The true class of each sample. */
  readonly labels: Int32Array;
  /** The class that it holds most likely. */
  readonly predictions: Int32Array;
  /** The probability that it gives this class. */
  readonly scores: Float32Array;
  /** Mean of -log of the probability of the true class: the cross-entropy. */
  readonly loss: number;
  /** Share of the samples whose class was found. */
  readonly accuracy: number;
}

/** The smallest float32 above 0 that keeps all its digits: what underflowed counts as this. */
const LEAST = 2 ** -126;

/**
 * Lets a classifier predict all of a data set.
 *
 * @param model gives one probability for each class
 * @param dataset batches with class numbers [n], not shuffled where the order matters
 * @param signal stops between two batches
 * @throws FoveaError DATA when there is nothing to predict, or labels are no class numbers
 */
export async function judge(
  model: Model,
  dataset: Dataset<{ readonly x: HostArray; readonly y: HostArray }>,
  signal?: AbortSignal,
): Promise<Judgement> {
  const labels: number[] = [];
  const predictions: number[] = [];
  const scores: number[] = [];
  let loss = 0;
  for await (const { x, y } of dataset) {
    signal?.throwIfAborted();
    const result = await model.predict(x, { batchSize: Math.max(1, x.shape[0]!) });
    const rows = await result.data();
    const classes = result.shape.at(-1)!;
    result.dispose();
    for (let i = 0; i < x.shape[0]!; i++) {
      const row = rows.subarray(i * classes, (i + 1) * classes);
      const label = classOf(y.data[i], classes);
      const best = row.indexOf(Math.max(...row));
      labels.push(label);
      predictions.push(best);
      scores.push(row[best]!);
      loss -= Math.log(Math.max(row[label]!, LEAST));
    }
  }
  const count = labels.length;
  if (count === 0) throw new FoveaError('DATA', 'judge: nothing of the data set could be read');
  return {
    labels: Int32Array.from(labels),
    predictions: Int32Array.from(predictions),
    scores: Float32Array.from(scores),
    loss: loss / count,
    accuracy: labels.filter((label, i) => label === predictions[i]).length / count,
  };
}

function classOf(value: number | undefined, classes: number): number {
  if (value !== undefined && Number.isInteger(value) && value >= 0 && value < classes) return value;
  throw new FoveaError(
    'DATA',
    `judge: ${String(value)} is no class number, the model has ${classes} classes`,
  );
}
