import type { Image } from '../io/images/image.js';
import { classificationReport, confusionMatrix, type ConfusionMatrix } from './confusion.js';
import { htmlReport, type Block, type GalleryItem, type Section } from './report.js';
import { lineChartSvg, confusionSvg } from './svg.js';

/** What a model said of pictures that it was not trained on. */
export interface Judged {
  /** Which pictures they are: 'validation', 'test'. */
  readonly set: string;
  /** The true class of each. */
  readonly labels: ArrayLike<number>;
  readonly predictions: ArrayLike<number>;
  /** The probability of the predicted class. */
  readonly scores: ArrayLike<number>;
  readonly files: readonly string[];
  /** A small copy of one, to be shown; undefined where it cannot be read. */
  readonly picture: (index: number) => Promise<Image | undefined>;
}

/** Everything that the report of a training shows. */
export interface TrainingRun {
  readonly title: string;
  readonly intro?: string | undefined;
  /** Values of each epoch: `loss`, `val_loss`, `accuracy` ... */
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly classNames: readonly string[];
  readonly judged: Judged;
  readonly layers: readonly {
    readonly name: string;
    readonly type: string;
    readonly output: string;
    readonly parameters: number;
    readonly trained: boolean;
  }[];
  /** Filters of the first convolution. */
  readonly filters?: Image | undefined;
  /** Maps of layers for one picture. */
  readonly activations?: readonly { readonly layer: string; readonly image: Image }[] | undefined;
  /** Grad-CAM of some pictures. */
  readonly cams?: readonly GalleryItem[] | undefined;
  readonly config: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, unknown>>;
}

/** Pictures of a cell of the confusion matrix, for mistakes and for right answers. */
const IN_CELL = { wrong: 12, right: 6 };
/** Pictures on the page, so that it stays below a few megabytes. */
const ON_PAGE = 400;
const WORST = 24;

/**
 * The report of a training as one HTML page, without script or network: curves, confusion matrix whose cells
 * lead to their pictures, scores of each class, the worst mistakes, layers, configuration.
 */
export async function trainingReport(run: TrainingRun): Promise<string> {
  const { title, intro, judged, classNames } = run;
  const matrix = confusionMatrix(judged.labels, judged.predictions, [...classNames]);
  const sections = [
    results(run, matrix),
    curves(run),
    await confusion(run, matrix),
    perClass(matrix),
    await mistakes(run),
    learned(run),
    layerTable(run),
    settings(run),
  ];
  return htmlReport({
    title,
    ...(intro !== undefined && { intro }),
    sections: sections.filter(({ blocks }) => blocks.length > 0),
  });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function results({ history, judged }: TrainingRun, matrix: ConfusionMatrix): Section {
  const { macroAverage } = classificationReport(matrix);
  return {
    title: 'Result',
    blocks: [
      {
        kind: 'numbers',
        items: [
          [`accuracy, ${judged.set}`, percent(matrix.accuracy)],
          ['macro F1', macroAverage.f1.toFixed(3)],
          ['pictures', matrix.total.toLocaleString('en')],
          ['epochs', String(history['loss']?.length ?? 0)],
        ],
      },
    ],
  };
}

function curves({ history }: TrainingRun): Section {
  const chart = (name: string): string[] => {
    const [train, validation] = [history[name], history[`val_${name}`]];
    if (!train?.some(Number.isFinite)) return [];
    const series = [
      { name: 'training', values: train },
      ...(validation ? [{ name: 'validation', values: validation, dashed: true }] : []),
    ];
    const title = `${name[0]!.toUpperCase()}${name.slice(1)}`;
    return [lineChartSvg({ title, xLabel: 'epoch', yLabel: name, series })];
  };
  const names = Object.keys(history).filter((name) => !name.startsWith('val_'));
  const svgs = names.flatMap(chart);
  return { title: 'Training', blocks: svgs.length > 0 ? [{ kind: 'figures', svgs }] : [] };
}

const cellId = (truth: number, predicted: number): string => `cell-${truth}-${predicted}`;

async function confusion(run: TrainingRun, matrix: ConfusionMatrix): Promise<Section> {
  const galleries = await cellGalleries(run);
  const link = (truth: number, predicted: number): string | undefined =>
    galleries.has(cellId(truth, predicted)) ? `#${cellId(truth, predicted)}` : undefined;
  return {
    title: 'Confusion matrix',
    blocks: [
      { kind: 'figure', svg: confusionSvg(matrix, 'Confusion matrix', link) },
      { kind: 'text', text: 'A cell that is chosen shows its pictures here.' },
      ...galleries.values(),
    ],
  };
}

/** The pictures of each cell: those of mistakes first, while there is room on the page. */
async function cellGalleries({ judged, classNames }: TrainingRun): Promise<Map<string, Block>> {
  const cells = new Map<string, { truth: number; predicted: number; indices: number[] }>();
  for (let i = 0; i < judged.labels.length; i++) {
    const [truth, predicted] = [judged.labels[i]!, judged.predictions[i]!];
    const id = cellId(truth, predicted);
    const cell = cells.get(id) ?? { truth, predicted, indices: [] };
    cell.indices.push(i);
    cells.set(id, cell);
  }
  const order = [...cells].sort(
    ([, a], [, b]) => Number(a.truth === a.predicted) - Number(b.truth === b.predicted),
  );
  const galleries = new Map<string, Block>();
  let room = ON_PAGE;
  for (const [id, { truth, predicted, indices }] of order) {
    const isRight = truth === predicted;
    const shown = indices.slice(0, Math.min(room, isRight ? IN_CELL.right : IN_CELL.wrong));
    if (shown.length === 0) break;
    room -= shown.length;
    const names = isRight
      ? `${classNames[truth]!}, recognised`
      : `${classNames[truth]!}, taken for ${classNames[predicted]!}`;
    const caption = `${names}: ${shown.length} of ${indices.length}`;
    const items = await pictures(judged, shown, (i) => percent(judged.scores[i]!));
    galleries.set(id, { kind: 'gallery', items, caption, target: id });
  }
  return galleries;
}

async function pictures(
  { picture, files }: Judged,
  indices: readonly number[],
  captionOf: (index: number) => string,
): Promise<GalleryItem[]> {
  const items: GalleryItem[] = [];
  for (const index of indices) {
    const image = await picture(index);
    const caption = captionOf(index);
    if (image) items.push({ image, caption, alt: files[index] ?? caption });
  }
  return items;
}

function perClass(matrix: ConfusionMatrix): Section {
  const { classes, macroAverage, weightedAverage } = classificationReport(matrix);
  const rows = [
    ...classes,
    { name: 'macro average', ...macroAverage },
    { name: 'weighted average', ...weightedAverage },
  ];
  return {
    title: 'Classes',
    blocks: [
      {
        kind: 'table',
        caption: 'How well each class is recognised',
        columns: ['class', 'precision', 'recall', 'F1', 'pictures'],
        rows: rows.map(({ name, precision, recall, f1, support }) => [
          ...[name, precision.toFixed(3), recall.toFixed(3), f1.toFixed(3), support],
        ]),
      },
    ],
  };
}

/** Where the model was most sure, and wrong. */
async function mistakes({ judged, classNames }: TrainingRun): Promise<Section> {
  const { labels, predictions, scores, files } = judged;
  const wrong = Array.from(labels, (_, i) => i)
    .filter((i) => labels[i] !== predictions[i])
    .sort((a, b) => scores[b]! - scores[a]! || a - b)
    .slice(0, WORST);
  const items = await pictures(judged, wrong, (i) => {
    const [truth, predicted] = [classNames[labels[i]!]!, classNames[predictions[i]!]!];
    const file = files[i]?.split(/[/\\]/).slice(-2).join('/') ?? '';
    return `${truth}, taken for ${predicted}: ${percent(scores[i]!)} (${file})`;
  });
  const caption = 'The mistakes that the model was most sure of';
  return {
    title: 'Worst mistakes',
    blocks: items.length > 0 ? [{ kind: 'gallery', items, caption }] : [],
  };
}

function learned({ filters, activations = [], cams = [] }: TrainingRun): Section {
  const blocks: Block[] = [];
  if (filters) {
    const caption = 'Filters of the first convolution, all on one scale.';
    blocks.push({ kind: 'image', image: filters, alt: 'Filters', caption });
  }
  for (const { layer, image } of activations) {
    const caption = `What the layer ${layer} sees in one picture: one map for each channel.`;
    blocks.push({ kind: 'image', image, alt: `Maps of ${layer}`, caption });
  }
  if (cams.length > 0) {
    const caption = 'Grad-CAM: where the model sees the class that it names.';
    blocks.push({ kind: 'gallery', items: cams, caption });
  }
  return { title: 'What was learned', blocks };
}

function layerTable({ layers }: TrainingRun): Section {
  return {
    title: 'Layers',
    blocks: [
      {
        kind: 'table',
        caption: 'Layers of the model',
        columns: ['layer', 'type', 'output', 'parameters', 'trained'],
        rows: layers.map(({ name, type, output, parameters, trained }) => [
          ...[name, type, output, parameters.toLocaleString('en')],
          parameters === 0 ? '–' : trained ? 'yes' : 'no',
        ]),
      },
    ],
  };
}

function settings({ config, environment }: TrainingRun): Section {
  const table = (caption: string, values: Readonly<Record<string, unknown>>): Block => ({
    ...{ kind: 'table', caption, columns: ['name', 'value'] },
    rows: Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value ?? null),
    ]),
  });
  return {
    title: 'How it was made',
    blocks: [table('Configuration', config), table('Environment', environment)],
  };
}
