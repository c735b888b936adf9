import { Adam } from '../../src/nn/optimizers/adam.js';
import { requireGrad } from '../../src/tensor.js';
import { memory, type OpRow } from '../row.js';

function adamStep(millions: number, which: Pick<OpRow, 'set'> = {}): OpRow {
  const shape = [1024 * millions, 1024];
  // Weights, gradients and two moments are read; all but the gradients are written.
  return memory(
    {
      ...which,
      name: `Adam step, ${millions} M weights`,
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
    7 * millions * 1024 * 1024,
  );
}

export const optimizerRows = [adamStep(2), adamStep(32, { set: 'gpu' })];
