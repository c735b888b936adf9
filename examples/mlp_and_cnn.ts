/**
 * Why convolution? A dense network and a convolutional one with fewer parameters learn the same digits.
 * Then the test digits are moved by one and by two pixels: up, down, left, right and diagonally.
 *
 *   npx tsx examples/mlp_and_cnn.ts
 */
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { datasets, init, layers, sequential, vis, writePng, type Sequential } from 'fovea';

/** What a network reaches on digits that are moved by 0, 1 and 2 pixels. */
export interface Row {
  readonly name: string;
  readonly parameters: number;
  readonly accuracies: readonly number[];
}

const SIDE = 8;

function networks(): Record<string, Sequential> {
  const input = layers.input({ shape: [SIDE, SIDE, 1] });
  const end = layers.dense({ units: 10, activation: 'softmax' });
  return {
    'dense network': sequential(
      [
        input,
        layers.flatten(),
        layers.dense({ units: 128, activation: 'relu' }),
        layers.dense({ units: 64, activation: 'relu' }),
        end,
      ],
      { seed: 1 },
    ),
    'convolutional network': sequential(
      [
        layers.input({ shape: [SIDE, SIDE, 1] }),
        layers.conv2d({ filters: 16, kernelSize: 3, padding: 'same', activation: 'relu' }),
        layers.conv2d({ filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' }),
        layers.globalMaxPooling2d(),
        layers.dense({ units: 64, activation: 'relu' }),
        layers.dense({ units: 10, activation: 'softmax' }),
      ],
      { seed: 1 },
    ),
  };
}

/** The digits, moved by (dx, dy) pixels; what comes in is black. */
function moved(x: Float32Array, dx: number, dy: number): Float32Array {
  return Float32Array.from(x, (_, i) => {
    const [digit, row, column] = [
      Math.floor(i / SIDE ** 2),
      (Math.floor(i / SIDE) % SIDE) - dy,
      (i % SIDE) - dx,
    ];
    const isInside = row >= 0 && row < SIDE && column >= 0 && column < SIDE;
    return isInside ? x[digit * SIDE ** 2 + row * SIDE + column]! : 0;
  });
}

/** Trains both networks and judges them on moved digits; writes a picture into `folder`. */
export async function compare(folder: string, epochs: number): Promise<readonly Row[]> {
  await init();
  const { train, test } = await datasets.digits();
  const rows: Row[] = [];
  for (const [name, model] of Object.entries(networks())) {
    const loss = 'sparseCategoricalCrossentropy';
    model.compile({ optimizer: 'adam', loss, metrics: ['accuracy'] });
    const options = { epochs, seed: 1, verbose: 0 } as const;
    await model.fit({ data: train.x, shape: train.shape }, train.y, options);
    const accuracies: number[] = [];
    for (const pixels of [0, 1, 2]) {
      const ways = [-pixels, 0, pixels].flatMap((dx) =>
        [-pixels, 0, pixels].map((dy) => [dx, dy] as const),
      );
      const all =
        pixels === 0 ? ([[0, 0]] as const) : ways.filter(([dx, dy]) => dx !== 0 || dy !== 0);
      let sum = 0;
      for (const [dx, dy] of all) {
        const data = { data: moved(test.x, dx, dy), shape: test.shape };
        sum += (await model.evaluate(data, test.y, { verbose: 0 })).accuracy!;
      }
      accuracies.push(sum / all.length);
    }
    rows.push({ name, parameters: model.countParams(), accuracies });
    model.dispose();
  }
  await writePng(join(folder, 'mlp-and-cnn.png'), vis.lineChartImage(chart(rows)));
  return rows;
}

function chart(rows: readonly Row[]): vis.LineChart {
  return {
    title: 'Accuracy on digits that are moved',
    xLabel: 'pixels',
    first: 0,
    yLabel: 'accuracy',
    series: rows.map(({ name, accuracies }) => ({ name, values: accuracies })),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const rows = await compare(join('runs', 'mlp-and-cnn'), 30);
  console.log('                        parameters   as they are   moved by 1   moved by 2');
  for (const { name, parameters, accuracies } of rows) {
    const cells = accuracies.map((value) => `${(100 * value).toFixed(1)} %`.padStart(13));
    console.log(name.padEnd(22) + String(parameters).padStart(12) + cells.join(''));
  }
}
