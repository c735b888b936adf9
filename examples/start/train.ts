import { layers, optimizers, sequential, type History, type Sequential } from 'fovea';
import type { Digits } from './types.js';

/** A small convolutional network for the 8 x 8 digits. */
export function digitsNet({ dropout }: { dropout: boolean }): Sequential {
  return sequential(
    [
      layers.input({ shape: [8, 8, 1] }),
      layers.conv2d({ filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 64, kernelSize: 3, padding: 'same', activation: 'relu' }),
      ...(dropout ? [layers.dropout({ rate: 0.25 })] : []),
      layers.flatten(),
      layers.dense({ units: 128, activation: 'relu' }),
      ...(dropout ? [layers.dropout({ rate: 0.4 })] : []),
      layers.dense({ units: 10, activation: 'softmax' }),
    ],
    { name: dropout ? 'digits' : 'digits_without_dropout', seed: 8 },
  );
}

/** A trained network and how it came about. */
export interface Trained {
  readonly model: Sequential;
  readonly history: History;
  readonly testLoss: number;
  readonly testAccuracy: number;
}

/** Trains on 80 % of the training digits, validates on the rest, evaluates on the test digits. */
export async function train(data: Digits, dropout: boolean, epochs: number): Promise<Trained> {
  const { train: training, test } = data;
  const model = digitsNet({ dropout });
  model.compile({
    optimizer: optimizers.adam({ learningRate: 0.002 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const history = await model.fit({ data: training.x, shape: training.shape }, training.y, {
    epochs,
    batchSize: 32,
    validationSplit: 0.2,
  });
  const result = await model.evaluate({ data: test.x, shape: test.shape }, test.y, { verbose: 0 });
  return { model, history, testLoss: result.loss, testAccuracy: result.accuracy! };
}
