/**
 * Traffic signs: VGG-16 with weights of ImageNet learns 43 signs from 28 pictures each; 12 validate.
 *
 *   npx tsx examples/gtsrb.ts FOLDER
 *
 * FOLDER is GTSRB in the layout of Kaggle (Train, Test, Test.csv) or the official one. The weights of VGG-16
 * are downloaded once (59 MB).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { applications, datasets, init, judge, vis, writeFileAtomic } from 'fovea';

/** How much is done. */
export interface Plan {
  readonly folder: string;
  readonly output: string;
  readonly weights: 'imagenet' | null;
  readonly size: number;
  readonly perClass: { readonly train: number; readonly validation: number };
  readonly epochs: readonly [head: number, fine: number];
}

/** Trains, judges all test pictures, writes a table of the classes. Returns the test accuracy. */
export async function signs(plan: Plan): Promise<number> {
  const { folder, output, weights, size, perClass, epochs } = plan;
  await init();
  const data = await datasets.gtsrb(folder, { imageSize: [size, size], perClass, seed: 1 });
  const base = await applications.vgg16({
    ...{ includeTop: false, pooling: 'avg', inputShape: [size, size, 3], weights, seed: 1 },
  });
  const { model } = await applications.fineTune(base, {
    classes: data.classNames.length,
    ...{ train: data.train, validation: data.validation, seed: 1 },
    stages: [
      { epochs: epochs[0], learningRate: 1e-3 },
      // The last block: three convolutions and a pooling.
      { epochs: epochs[1], learningRate: 1e-5, unfreeze: 5 },
    ],
  });
  const { labels, predictions, accuracy } = await judge(model, data.test);
  const matrix = vis.confusionMatrix(labels, predictions, data.classNames);
  await writeFileAtomic(join(output, 'classes.txt'), vis.classificationReport(matrix).text);
  await writeFileAtomic(join(output, 'confusion.svg'), vis.confusionSvg(matrix));
  model.dispose();
  return accuracy;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , folder = 'GTSRB'] = process.argv;
  if (!existsSync(folder)) {
    console.error(
      `There is no folder ${folder}. GTSRB can be had from https://benchmark.ini.rub.de/gtsrb_dataset.html`,
    );
    process.exit(4);
  }
  const accuracy = await signs({
    ...{ folder, output: join('runs', 'gtsrb'), weights: 'imagenet', size: 64 },
    ...{ perClass: { train: 28, validation: 12 }, epochs: [20, 10] },
  });
  console.log(`test accuracy ${(100 * accuracy).toFixed(2)} %`);
}
