import { FoveaError } from '../../errors.js';

/** Options of callbacks that watch one value. */
export interface MonitorOptions {
  /** Name of the value in the logs. Default 'val_loss'. */
  readonly monitor?: string;
  /** Whether less or more is better. Default 'auto': as the name of the value says. */
  readonly mode?: 'auto' | 'min' | 'max';
}

/** How names of values end: 'val_loss', 'left_accuracy'. */
const MORE_IS_BETTER = /(acc|accuracy|auc|precision|recall|iou|io_u)$/i;
const LESS_IS_BETTER = /(loss|error|crossentropy|bce|mse|mae)$/i;

/** Watches one value of the logs: whether it has improved. */
export class Monitor {
  readonly name: string;
  private readonly sign: 1 | -1;

  constructor(
    private readonly who: string,
    { monitor = 'val_loss', mode = 'auto' }: MonitorOptions,
    private readonly minDelta = 0,
  ) {
    if (!['auto', 'min', 'max'].includes(mode)) {
      throw new FoveaError('ARGUMENT', `${who}: mode is 'auto', 'min' or 'max', got '${mode}'`);
    }
    if (!(minDelta >= 0)) {
      throw new FoveaError('ARGUMENT', `${who}: minDelta must be at least 0, got ${minDelta}`);
    }
    this.name = monitor;
    this.sign = mode === 'max' || (mode === 'auto' && isMoreBetter(who, monitor)) ? -1 : 1;
  }

  /** Throws ARGUMENT when the logs have no such value. */
  valueIn(logs: Readonly<Record<string, number>>): number {
    const value = logs[this.name];
    if (value !== undefined) return value;
    throw new FoveaError(
      'ARGUMENT',
      `${this.who}: there is no '${this.name}'; the values are ${Object.keys(logs).join(', ')}`,
      { hint: 'Values of validation data need validationData or validationSplit in fit().' },
    );
  }

  /** Whether `value` is better than `best` by more than the least difference; NaN never is. */
  isBetter(value: number, best: number | undefined): boolean {
    if (best === undefined) return !Number.isNaN(value);
    // Keras compares float32 numbers: that decides where the difference is minDelta to the digit.
    return Math.fround(this.sign * value + this.minDelta) < Math.fround(this.sign * best);
  }
}

/** Throws ARGUMENT where a name does not say so. */
function isMoreBetter(who: string, monitor: string): boolean {
  if (MORE_IS_BETTER.test(monitor)) return true;
  if (LESS_IS_BETTER.test(monitor)) return false;
  throw new FoveaError('ARGUMENT', `${who}: is less or more of '${monitor}' better?`, {
    hint: "Pass mode: 'min' or mode: 'max'.",
  });
}
