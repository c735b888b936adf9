import { Adam } from '../../src/nn/optimizers/adam.js';
import { requireGrad } from '../../src/tensor.js';
import { memory } from '../row.js';

const shape = [2048, 1024];

export const optimizerRows = [
  // Weights, gradients and two moments are read; all but the gradients are written.
  memory(
    {
      name: 'Adam step, 2 M weights',
      op: 'adamStep',
      inputs: { w: shape, g: shape },
      result: 'plain',
      resultShape: shape,
      ours: ({ w, g }) => {
        const adam = new Adam({ learningRate: 0.01 });
        const weight = { name: 'w', value: requireGrad(w!.detach()), trainable: true };
        return () => {
          weight.value.grad = g!.detach();
          adam.apply([weight]);
          return weight.value.detach();
        };
      },
    },
    7 * 2048 * 1024,
  ),
];
