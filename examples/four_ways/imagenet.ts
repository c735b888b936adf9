import type { datasets, Model } from 'fovea';

/** Numbers from `first` to `last`. */
const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** The classes of ImageNet that are each class of CIFAR-10. There are no deer: their nearest kin stand in. */
const GROUPS: readonly (readonly number[])[] = [
  [404, 895], // airplane
  [407, 436, 468, 511, 609, 627, 656, 661, 751, 817], // automobile
  [...range(7, 24), ...range(80, 100), ...range(127, 146)], // bird
  range(281, 285), // cat
  [351, 352, 353], // deer
  range(151, 268), // dog
  range(30, 32), // frog
  [339, 340], // horse
  [403, 472, 484, 510, 554, 576, 625, 628, 724, 780, 814, 833, 871, 914], // ship
  [555, 569, 675, 717, 864, 867], // truck
];

/** How well a network with the classes of ImageNet knows those of CIFAR-10, untrained on them. */
export async function asCifar(
  model: Model,
  pictures: datasets.Dataset<datasets.ImageBatch>,
): Promise<number> {
  let right = 0;
  let count = 0;
  for await (const { x, y } of pictures) {
    // What Lite0 expects of pictures.
    const data = Float32Array.from(x.data, (value) => (value - 127) / 128);
    const result = await model.predict({ data, shape: x.shape }, { batchSize: y.data.length });
    const scores = await result.data();
    result.dispose();
    y.data.forEach((label, i) => {
      const sums = GROUPS.map((group) =>
        group.reduce((sum, index) => sum + scores[i * 1000 + index]!, 0),
      );
      if (sums.indexOf(Math.max(...sums)) === label) right++;
      count++;
    });
  }
  return right / count;
}
