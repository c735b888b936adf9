import { FoveaError } from '../errors.js';

/** How well one class is recognised; a share is NaN where it divides by zero. */
export interface ClassScores {
  /** Of those predicted as this class, the share that is. */
  readonly precision: number;
  /** Of those that are this class, the share that was found. */
  readonly recall: number;
  /** Harmonic mean of both: 2 TP / (2 TP + FP + FN). */
  readonly f1: number;
  /** How many samples are this class. */
  readonly support: number;
}

/** Counts of truth against prediction, and what follows from them. */
export interface ConfusionMatrix {
  readonly classes: readonly string[];
  /** `counts[truth][prediction]`. */
  readonly counts: readonly (readonly number[])[];
  readonly total: number;
  /** Share of samples on the diagonal. */
  readonly accuracy: number;
  readonly perClass: readonly ClassScores[];
}

/**
 * Counts how often each class was taken for each other.
 *
 * @param labels the true class of every sample, 0 .. classes - 1
 * @param predictions the predicted class of every sample
 * @param classes the names of the classes, or how many there are
 * @throws FoveaError `DATA` when lengths differ, are zero, or a class is out of range
 */
export function confusionMatrix(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  classes: readonly string[] | number,
): ConfusionMatrix {
  const names =
    typeof classes === 'number' ? Array.from({ length: classes }, (_, i) => `${i}`) : classes;
  const total = labels.length;
  if (total === 0 || total !== predictions.length) {
    throw new FoveaError(
      'DATA',
      `confusionMatrix: ${total} labels but ${predictions.length} predictions; ` +
        `equally many of both are needed, and at least one.`,
    );
  }
  const counts = names.map(() => new Array<number>(names.length).fill(0));
  for (let i = 0; i < total; i++) {
    const row = counts[checkClass('label', i, labels[i]!, names.length)]!;
    row[checkClass('prediction', i, predictions[i]!, names.length)]! += 1;
  }
  const correct = counts.reduce((sum, row, c) => sum + row[c]!, 0);
  return {
    classes: names,
    counts,
    total,
    accuracy: correct / total,
    perClass: counts.map((_, c) => scores(counts, c)),
  };
}

function scores(counts: readonly (readonly number[])[], c: number): ClassScores {
  const hits = counts[c]![c]!;
  const support = counts[c]!.reduce((sum, count) => sum + count, 0);
  const predicted = counts.reduce((sum, row) => sum + row[c]!, 0);
  return {
    precision: hits / predicted,
    recall: hits / support,
    f1: (2 * hits) / (support + predicted),
    support,
  };
}

function checkClass(what: string, index: number, value: number, classes: number): number {
  if (Number.isInteger(value) && value >= 0 && value < classes) return value;
  throw new FoveaError(
    'DATA',
    `confusionMatrix: ${what} ${index} is ${value}; classes are 0 to ${classes - 1}.`,
  );
}
