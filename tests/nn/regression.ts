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
  history: Record<string, number[]>;
  kernel: number[];
} {
  const { x, y, classes, learningRate, epochs, batchSize, trainCount } = r;
  const kernel = Array.from(r.kernel);
  const bias = Array.from(r.bias);
  const features = kernel.length / classes;
  const history: Record<string, number[]> = {
    loss: [],
    accuracy: [],
    valLoss: [],
    valAccuracy: [],
  };

  const probabilities = (sample: number): number[] => {
    const scores = bias.map((b, c) => {
      let score = b;
      for (let f = 0; f < features; f++) {
        score += x[sample * features + f]! * kernel[f * classes + c]!;
      }
      return Math.exp(score);
    });
    const total = scores.reduce((a, b) => a + b, 0);
    return scores.map((score) => score / total);
  };
  const judge = (p: readonly number[], sample: number): [number, number] => [
    -Math.log(p[y[sample]!]!),
    p.indexOf(Math.max(...p)) === y[sample] ? 1 : 0,
  ];

  for (let epoch = 0; epoch < epochs; epoch++) {
    let [loss, right] = [0, 0];
    for (let start = 0; start < trainCount; start += batchSize) {
      const end = Math.min(start + batchSize, trainCount);
      const steps = { kernel: kernel.map(() => 0), bias: bias.map(() => 0) };
      for (let sample = start; sample < end; sample++) {
        const p = probabilities(sample);
        const [value, hit] = judge(p, sample);
        loss += value;
        right += hit;
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
    let [valLoss, valRight] = [0, 0];
    for (let sample = trainCount; sample < y.length; sample++) {
      const [value, hit] = judge(probabilities(sample), sample);
      valLoss += value;
      valRight += hit;
    }
    const valCount = y.length - trainCount;
    history['loss']!.push(loss / trainCount);
    history['accuracy']!.push(right / trainCount);
    history['valLoss']!.push(valLoss / valCount);
    history['valAccuracy']!.push(valRight / valCount);
  }
  return { history, kernel };
}
