/**
 * CIFAR-10 from scratch, with and without dropout: 669,354 parameters, 50,000 pictures.
 *
 *   npx tsx examples/cifar10.ts [FOLDER]
 *
 * FOLDER has the binary or the Python version of the data; without one they are downloaded once (170 MB). Ten
 * epochs take minutes on a GPU, and more than an hour on two processor cores.
 */
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { cifar10Net, datasets, init, layers, sequential, vis, writePng } from 'fovea';

/** Curves and test accuracy of a network. */
export interface Trained {
  readonly name: string;
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly accuracy: number;
}

/** Trains both networks; writes their curves into `folder`. */
export async function withAndWithout(
  { train, test }: Pick<datasets.PictureData, 'train' | 'test'>,
  folder: string,
  epochs: number,
): Promise<readonly Trained[]> {
  const results: Trained[] = [];
  for (const dropout of [true, false]) {
    const model = sequential(
      [
        layers.input({ shape: [32, 32, 3] }),
        layers.rescaling({ scale: 1 / 255 }),
        cifar10Net({ dropout, seed: 1 }),
      ],
      { seed: 1 },
    );
    const loss = 'sparseCategoricalCrossentropy';
    model.compile({ optimizer: 'adam', loss, metrics: ['accuracy'] });
    const { history } = await model.fit({ data: train.x, shape: train.shape }, train.y, {
      ...{ epochs, batchSize: 64, seed: 1 },
      validationData: [{ data: test.x, shape: test.shape }, test.y],
    });
    const accuracy = history.val_accuracy!.at(-1)!;
    results.push({ name: dropout ? 'dropout' : 'no dropout', history, accuracy });
    model.dispose();
  }
  for (const key of ['loss', 'accuracy']) {
    await writePng(join(folder, `${key}.png`), vis.lineChartImage(chart(results, key)));
  }
  return results;
}

function chart(results: readonly Trained[], key: string): vis.LineChart {
  return {
    title: `CIFAR-10: ${key}`,
    yLabel: key,
    series: results.flatMap(({ name, history }, i) => {
      const color = vis.okabeIto[i]!;
      return [
        { name, values: history[key]!, color },
        { name: `${name}, test`, values: history[`val_${key}`]!, dashed: true, color },
      ];
    }),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await init();
  const [, , folder] = process.argv;
  const data = await datasets.cifar10(folder === undefined ? {} : { folder });
  for (const { name, accuracy } of await withAndWithout(data, join('runs', 'cifar10'), 10)) {
    console.log(`${name.padEnd(12)} test accuracy ${(100 * accuracy).toFixed(2)} %`);
  }
}
