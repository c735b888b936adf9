import { join } from 'node:path';
import { argmax, scope, tensor, vis, writeFileAtomic, writePng, type Image } from 'fovea';
import type { Classified } from './cat.js';
import type { Trained } from './train.js';
import type { Digits } from './types.js';

/** Everything that the report shows. */
export interface Findings {
  readonly adapter: string;
  readonly cat: Classified;
  readonly data: Digits;
  readonly sobel: readonly (readonly number[])[];
  readonly photo: Image;
  readonly edges: Image;
  readonly withDropout: Trained;
  readonly without: Trained;
  readonly seconds: number;
}

/** Writes report.html and the pictures as PNG; returns the path of the report. */
export async function writeReport(folder: string, found: Findings): Promise<string> {
  const { data, withDropout } = found;
  const predictions = await predictTest(found);
  const matrix = vis.confusionMatrix(data.test.y, predictions, [...data.classNames]);
  const filters = await firstFilters(withDropout);
  const activations = await activationMaps(found);
  const curves = charts(found);

  await writePng(join(folder, 'cat.png'), found.cat.why);
  await writePng(join(folder, 'sobel.png'), found.edges);
  await writePng(join(folder, 'curves.png'), vis.lineChartImage(curves[0]!));
  await writePng(join(folder, 'confusion.png'), vis.confusionImage(matrix));
  await writePng(join(folder, 'filters.png'), filters);
  for (const { name, image } of activations) await writePng(join(folder, `${name}.png`), image);

  const html = vis.htmlReport({
    title: 'A cat, and a network that reads handwritten digits',
    intro: `Trained by fovea on ${found.adapter} in ${found.seconds.toFixed(0)} seconds.`,
    sections: [
      catSection(found),
      resultSection(found),
      {
        title: 'Training',
        blocks: [
          { kind: 'figures', svgs: curves.map(vis.lineChartSvg) },
          {
            kind: 'text',
            text:
              'Solid: training; dashed: validation. Without dropout the training loss falls further, ' +
              'and the validation loss does not follow: the network learns its samples by heart.',
          },
        ],
      },
      confusionSection(matrix),
      sampleSection(data, predictions),
      learnedSection(filters, activations),
      sobelSection(found),
      { title: 'Data', blocks: [{ kind: 'text', text: data.credit }] },
    ],
  });
  const path = join(folder, 'report.html');
  await writeFileAtomic(path, html);
  return path;
}

async function predictTest({ data, withDropout }: Findings): Promise<number[]> {
  const probabilities = await withDropout.model.predict({
    data: data.test.x,
    shape: data.test.shape,
  });
  const classes = argmax(probabilities);
  const values = Array.from(await classes.data());
  probabilities.dispose();
  classes.dispose();
  return values;
}

async function firstFilters({ model }: Trained): Promise<Image> {
  const { value } = model.weights[0]!;
  const shape = value.shape as [number, number, number, number];
  return vis.filterImages(new Float32Array(await value.data()), shape);
}

/** Maps of the convolutions for the first test digit. */
async function activationMaps({
  data,
  withDropout,
}: Findings): Promise<{ name: string; image: Image }[]> {
  const maps: { name: string; image: Image }[] = [];
  for (const name of ['conv2d', 'conv2d_1']) {
    const y = scope(() => {
      const x = tensor(data.test.x.slice(0, 64), [1, 8, 8, 1]);
      return withDropout.model.outputsOf(x, name);
    });
    const [, h, w, c] = y.shape as [number, number, number, number];
    const image = vis.activationImages(new Float32Array(await y.data()), [h, w, c]);
    y.dispose();
    maps.push({ name, image });
  }
  return maps;
}

function charts({ withDropout, without }: Findings): vis.LineChart[] {
  const runs = [
    { run: withDropout, name: 'dropout', color: vis.okabeIto[0]! },
    { run: without, name: 'no dropout', color: vis.okabeIto[1]! },
  ];
  const chart = (key: 'loss' | 'accuracy', validation: 'val_loss' | 'val_accuracy') => ({
    title: key === 'loss' ? 'Loss' : 'Accuracy',
    xLabel: 'epoch',
    yLabel: key,
    series: runs.flatMap(({ run, name, color }) => [
      { name, values: run.history.history[key]!, color },
      { name: `${name}, val.`, values: run.history.history[validation]!, dashed: true, color },
    ]),
  });
  return [chart('loss', 'val_loss'), chart('accuracy', 'val_accuracy')];
}

function catSection({ cat: { photo, why, predictions } }: Findings): vis.Section {
  return {
    title: 'What is in the photograph?',
    blocks: [
      {
        kind: 'gallery',
        items: [
          { image: photo, caption: 'What the network is given', alt: 'A cat' },
          { image: why, caption: 'Where it sees the best class (Grad-CAM)', alt: 'The same cat' },
        ],
      },
      {
        kind: 'table',
        caption: 'EfficientNet-Lite0, trained on the 1,000 classes of ImageNet',
        columns: ['Class', 'Score'],
        rows: predictions.map(({ label, score }) => [label, percent(score)]),
      },
    ],
  };
}

function resultSection({ withDropout, without }: Findings): vis.Section {
  const last = (values: readonly number[] | undefined): string => values!.at(-1)!.toFixed(4);
  const row = (name: string, run: Trained): (string | number)[] => [
    name,
    last(run.history.history.loss),
    last(run.history.history.val_loss),
    run.testLoss.toFixed(4),
    percent(run.testAccuracy),
  ];
  return {
    title: 'Result',
    blocks: [
      {
        kind: 'numbers',
        items: [
          ['Test accuracy', percent(withDropout.testAccuracy)],
          ['Parameters', withDropout.model.countParams().toLocaleString('en-US')],
        ],
      },
      {
        kind: 'table',
        caption:
          'The same network with and without dropout. Training loss is measured with dropout on; ' +
          'a validation loss far above it is overfitting.',
        columns: ['Network', 'Training loss', 'Validation loss', 'Test loss', 'Test accuracy'],
        rows: [row('With dropout', withDropout), row('Without dropout', without)],
      },
    ],
  };
}

function confusionSection(matrix: vis.ConfusionMatrix): vis.Section {
  return {
    title: 'Confusion matrix',
    blocks: [
      {
        kind: 'figure',
        svg: vis.confusionSvg(matrix),
        caption: 'Rows: the digit. Columns: what the network says.',
      },
      {
        kind: 'table',
        caption: 'Per digit',
        columns: ['Digit', 'Precision', 'Recall', 'F1', 'Samples'],
        rows: matrix.perClass.map((c, i) => [
          matrix.classes[i]!,
          ...[c.precision, c.recall, c.f1].map((v) => v.toFixed(3)),
          c.support,
        ]),
      },
    ],
  };
}

function sampleSection(data: Digits, predictions: readonly number[]): vis.Section {
  const wrong = predictions.flatMap((p, i) => (p === data.test.y[i] ? [] : [i]));
  const right = predictions.flatMap((p, i) => (p === data.test.y[i] ? [i] : [])).slice(0, 12);
  const items = [...wrong, ...right].map((i) => ({
    image: vis.heatmap(data.test.x.slice(64 * i, 64 * i + 64), 8, 8, {
      map: vis.grays,
      range: [0, 1],
    }),
    caption: `${data.test.y[i]!} read as ${predictions[i]!}`,
    ok: predictions[i] === data.test.y[i],
  }));
  return {
    title: 'Samples',
    blocks: [
      {
        kind: 'gallery',
        items,
        caption: 'All mistakes on the test digits, and some that are right.',
      },
    ],
  };
}

function learnedSection(
  filters: Image,
  activations: readonly { name: string; image: Image }[],
): vis.Section {
  return {
    title: 'What it learned',
    blocks: [
      {
        kind: 'image',
        image: filters,
        alt: 'The 32 filters of the first convolution',
        caption: 'The 3 x 3 filters of the first convolution: red is positive, blue is negative.',
      },
      ...activations.map(({ name, image }) => ({
        kind: 'image' as const,
        image,
        alt: `Activation maps of ${name}`,
        caption: `What ${name} sees in the first test digit, one picture per channel.`,
      })),
    ],
  };
}

function sobelSection({ sobel, photo, edges }: Findings): vis.Section {
  return {
    title: 'A convolution by hand: Sobel',
    blocks: [
      { kind: 'image', image: photo, alt: 'A cat', caption: 'The photograph.' },
      {
        kind: 'image',
        image: edges,
        alt: 'Edges of the cat',
        caption: 'The strength of its edges.',
      },
      {
        kind: 'table',
        caption:
          'The 6 x 6 textbook slice under the vertical kernel: all sixteen values as expected',
        columns: ['', '0', '1', '2', '3'],
        rows: sobel.map((row, i) => [String(i), ...row]),
      },
    ],
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
