import type { Precision } from '../src/gpu/device.js';
import { defaultDevice } from '../src/gpu/init.js';
import { cast } from '../src/ops/index.js';
import { withPrecision } from '../src/precision.js';
import { keep, scope } from '../src/scope.js';
import { tensor, type Tensor } from '../src/tensor.js';
import type { Library, Prepared, Task } from './library.js';
import type { ModelRow, OpRow } from './row.js';

/** fovea itself. */
export const fovea: Library = {
  name: 'fovea',
  place: 'gpu',
  prepare: (task) => prepare(task, 'float32'),
};

/** fovea in mixed precision: weights stay float32, all else is float16. */
export const foveaMixed: Library = {
  name: 'fovea mixed',
  place: 'gpu',
  tolerance: 0.02,
  prepare: async (task) => {
    if (!defaultDevice().hasF16) return 'this GPU has no float16';
    return task.row.unit === 'GFLOP/s' ? prepare(task, 'mixed') : 'for products only';
  },
};

async function prepare(task: Task, precision: Precision): Promise<Prepared> {
  const { row, inputs } = task;
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => [name, tensor(data, shape)]),
  );
  const prepared =
    'model' in row
      ? network(row, tensors['x']!, task, precision)
      : operation(row, tensors, precision);
  await finish();
  return prepared;
}

const finish = (): Promise<void> => defaultDevice().recorder.finish();

function operation(row: OpRow, given: Record<string, Tensor>, precision: Precision): Prepared {
  const tensors = precision === 'mixed' ? halves(given) : given;
  const work = row.ours(tensors);
  let last: Tensor | undefined;
  return {
    start: () => {
      last?.dispose();
      last = keep(scope(() => withPrecision(precision, work)));
    },
    finish,
    result: async () => (await last!.data()) as Float32Array,
    dispose: () => {
      last?.dispose();
      for (const each of Object.values(tensors)) each.dispose();
    },
  };
}

/** Everything but weights in float16. */
function halves(given: Record<string, Tensor>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(given).map(([name, x]) => {
      if (['filter', 'depthwise'].includes(name)) return [name, x];
      const half = cast(x, 'float16');
      x.dispose();
      return [name, half];
    }),
  );
}

function network(row: ModelRow, x: Tensor, { labels }: Task, precision: Precision): Prepared {
  const net = row.model();
  net.compile({ optimizer: 'rmsprop', loss: 'categoricalCrossentropy', precision });
  const batchSize = x.shape[0]!;
  const dispose = (): void => {
    net.dispose();
    x.dispose();
  };
  if (row.op === 'predict') {
    let last: Tensor | undefined;
    return {
      start: async () => {
        last?.dispose();
        last = await net.predict(x, { batchSize });
      },
      finish,
      result: async () => (await last!.data()) as Float32Array,
      dispose: () => {
        last?.dispose();
        dispose();
      },
    };
  }
  const y = tensor(labels, [batchSize, 10]);
  let loss = 0;
  return {
    start: async () => {
      const options = { epochs: 1, batchSize, shuffle: false, verbose: 0 } as const;
      const history = await net.fit(x, y, options);
      loss = history.history['loss'][0]!;
    },
    finish,
    result: () => Promise.resolve(Float32Array.of(loss)),
    dispose: () => {
      y.dispose();
      dispose();
    },
  };
}
