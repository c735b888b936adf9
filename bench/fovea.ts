import { defaultDevice } from '../src/gpu/init.js';
import { keep, scope } from '../src/scope.js';
import { tensor, type Tensor } from '../src/tensor.js';
import type { Library, Prepared, Task } from './library.js';
import type { ModelRow, OpRow } from './row.js';

/** fovea itself. */
export const fovea: Library = {
  name: 'fovea',
  place: 'gpu',
  prepare: async (task) => {
    const { row, inputs } = task;
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, { data, shape }]) => [name, tensor(data, shape)]),
    );
    const prepared = 'model' in row ? network(row, tensors['x']!, task) : operation(row, tensors);
    await defaultDevice().recorder.finish();
    return prepared;
  },
};

function operation(row: OpRow, tensors: Record<string, Tensor>): Prepared {
  const work = row.ours(tensors);
  let last: Tensor | undefined;
  return {
    run: async () => {
      last?.dispose();
      last = keep(scope(() => work()));
      await defaultDevice().recorder.finish();
    },
    result: async () => (await last!.data()) as Float32Array,
    dispose: () => {
      last?.dispose();
      for (const each of Object.values(tensors)) each.dispose();
    },
  };
}

function network(row: ModelRow, x: Tensor, { labels }: Task): Prepared {
  const net = row.model();
  const batchSize = x.shape[0]!;
  const dispose = (): void => {
    net.dispose();
    x.dispose();
  };
  if (row.op === 'predict') {
    let last: Tensor | undefined;
    return {
      run: async () => {
        last?.dispose();
        last = await net.predict(x, { batchSize });
        await defaultDevice().recorder.finish();
      },
      result: async () => (await last!.data()) as Float32Array,
      dispose: () => {
        last?.dispose();
        dispose();
      },
    };
  }
  net.compile({ optimizer: 'rmsprop', loss: 'categoricalCrossentropy' });
  const y = tensor(labels, [batchSize, 10]);
  let loss = 0;
  return {
    run: async () => {
      const options = { epochs: 1, batchSize, shuffle: false, verbose: 0 } as const;
      const history = await net.fit(x, y, options);
      loss = history.history['loss'][0]!;
    },
    result: () => Promise.resolve(Float32Array.of(loss)),
    dispose,
  };
}
