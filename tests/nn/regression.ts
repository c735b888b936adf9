/** Softmax regression by plain gradient descent, in float64. */
export interface Regression {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** [features, classes] */
  readonly kernel: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
  readonly classes: number;
  readonly learningRate: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** The first so many samples are trained on, in order; the others are evaluated. */
  readonly trainCount: number;
}

/** Loss and accuracy of every epoch, as `fit` reports them, and the final weights. */
export function softmaxRegression(r: Regression): {
  history: Record<'loss' | 'accuracy' | 'val_loss' | 'val_accuracy', number[]>;
  kernel: number[];
} {
  const [kernel, bias] = [Array.from(r.kernel), Array.from(r.bias)];
  const history = {
    ...{ loss: [] as number[], accuracy: [] as number[] },
    ...{ val_loss: [] as number[], val_accuracy: [] as number[] },
  };
  for (let epoch = 0; epoch < r.epochs; epoch++) {
    const train = { loss: 0, right: 0 };
    for (let start = 0; start < r.trainCount; start += r.batchSize) {
      trainBatch(r, kernel, bias, [start, Math.min(start + r.batchSize, r.trainCount)], train);
    }
    const validation = { loss: 0, right: 0 };
    for (let sample = r.trainCount; sample < r.y.length; sample++) {
      judge(probabilities(r, kernel, bias, sample), r.y[sample]!, validation);
    }
    const valCount = r.y.length - r.trainCount;
    history.loss.push(train.loss / r.trainCount);
    history.accuracy.push(train.right / r.trainCount);
    history.val_loss.push(validation.loss / valCount);
    history.val_accuracy.push(validation.right / valCount);
  }
  return { history, kernel };
}

interface Totals {
  loss: number;
  right: number;
}

function trainBatch(
  { x, y, classes, learningRate }: Regression,
  kernel: number[],
  bias: number[],
  [start, end]: readonly [number, number],
  totals: Totals,
): void {
  const features = kernel.length / classes;
  const steps = { kernel: kernel.map(() => 0), bias: bias.map(() => 0) };
  for (let sample = start; sample < end; sample++) {
    const p = probabilities({ x, classes }, kernel, bias, sample);
    judge(p, y[sample]!, totals);
    for (let c = 0; c < classes; c++) {
      const d = (p[c]! - (y[sample] === c ? 1 : 0)) / (end - start);
      steps.bias[c]! += d;
      for (let f = 0; f < features; f++) {
        steps.kernel[f * classes + c]! += d * x[sample * features + f]!;
      }
    }
  }
  steps.kernel.forEach((d, i) => (kernel[i]! -= learningRate * d));
  steps.bias.forEach((d, i) => (bias[i]! -= learningRate * d));
}

function probabilities(
  { x, classes }: Pick<Regression, 'x' | 'classes'>,
  kernel: readonly number[],
  bias: readonly number[],
  sample: number,
): number[] {
  const features = kernel.length / classes;
  const scores = bias.map((b, c) => {
    let score = b;
    for (let f = 0; f < features; f++)
      score += x[sample * features + f]! * kernel[f * classes + c]!;
    return Math.exp(score);
  });
  const total = scores.reduce((a, b) => a + b, 0);
  return scores.map((score) => score / total);
}

function judge(p: readonly number[], label: number, totals: Totals): void {
  totals.loss -= Math.log(p[label]!);
  if (p.indexOf(Math.max(...p)) === label) totals.right++;
}
