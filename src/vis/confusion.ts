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

/** How well classes are recognised on the whole. A share of nothing counts as 0, as in scikit-learn. */
export interface ClassificationReport {
  readonly classes: readonly (ClassScores & { readonly name: string })[];
  readonly accuracy: number;
  /** Mean over the classes. */
  readonly macroAverage: ClassScores;
  /** Mean over the classes, each counted by its samples. */
  readonly weightedAverage: ClassScores;
  /** All of it as a table. */
  readonly text: string;
}

/** Precision, recall and F1 of each class and on the whole: scikit-learn's `classification_report`. */
export function classificationReport(matrix: ConfusionMatrix): ClassificationReport {
  const { classes: names, perClass, accuracy, total } = matrix;
  const classes = perClass.map((each, c) => ({ name: names[c]!, ...withoutNaN(each) }));
  const mean = (weightOf: (scores: ClassScores) => number): ClassScores => {
    const of = (key: 'precision' | 'recall' | 'f1'): number =>
      classes.reduce((sum, each) => sum + each[key] * weightOf(each), 0);
    return { precision: of('precision'), recall: of('recall'), f1: of('f1'), support: total };
  };
  const report = {
    ...{ classes, accuracy },
    macroAverage: mean(() => 1 / classes.length),
    weightedAverage: mean(({ support }) => support / total),
  };
  return { ...report, text: reportText(report, total) };
}

function withoutNaN({ precision, recall, f1, support }: ClassScores): ClassScores {
  const share = (value: number): number => (Number.isNaN(value) ? 0 : value);
  return { precision: share(precision), recall: share(recall), f1: share(f1), support };
}

function reportText(
  { classes, accuracy, macroAverage, weightedAverage }: Omit<ClassificationReport, 'text'>,
  total: number,
): string {
  const width = Math.max(12, ...classes.map(({ name }) => name.length));
  const line = (name: string, cells: readonly (string | number)[]): string =>
    `${name.padStart(width)} ` +
    cells
      .map((cell, i) => (typeof cell === 'number' && i < 3 ? cell.toFixed(2) : String(cell)))
      .map((cell) => cell.padStart(10))
      .join('');
  const row = ({ precision, recall, f1, support }: ClassScores): number[] => [
    ...[precision, recall, f1, support],
  ];
  return [
    line('', ['precision', 'recall', 'f1-score', 'support']),
    '',
    ...classes.map((each) => line(each.name, row(each))),
    '',
    line('accuracy', ['', '', accuracy, total]),
    line('macro avg', row(macroAverage)),
    line('weighted avg', row(weightedAverage)),
    '',
  ].join('\n');
}

function checkClass(what: string, index: number, value: number, classes: number): number {
  if (Number.isInteger(value) && value >= 0 && value < classes) return value;
  throw new FoveaError(
    'DATA',
    `confusionMatrix: ${what} ${index} is ${value}; classes are 0 to ${classes - 1}.`,
  );
}
