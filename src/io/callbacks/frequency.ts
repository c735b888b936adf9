import { FoveaError } from '../../errors.js';

/** When something is done: after each epoch, or after this many batches, over all epochs. */
export type Frequency = 'epoch' | number;

/** Counts batches. */
export class BatchCount {
  /** Batches so far. */
  done = 0;

  /** @param where for errors: 'modelCheckpoint: saveFreq' */
  constructor(
    where: string,
    private readonly frequency: Frequency,
  ) {
    if (frequency === 'epoch' || (Number.isInteger(frequency) && frequency >= 1)) return;
    throw new FoveaError(
      'ARGUMENT',
      `${where} is 'epoch' or a positive number of batches, got ${String(frequency)}`,
    );
  }

  get isPerEpoch(): boolean {
    return this.frequency === 'epoch';
  }

  /** Counts one more batch: whether something is done after it. */
  next(): boolean {
    this.done++;
    return this.frequency !== 'epoch' && this.done % this.frequency === 0;
  }
}
