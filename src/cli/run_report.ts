import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageBatch, ImageDataset } from '../io/datasets/index.js';
import { readAsKeras, thumbnail } from '../io/images/fit.js';
import { readImage, toRgb, type Image } from '../io/images/image.js';
import { writeFileAtomic } from '../io/files.js';
import { formatBatch } from '../nn/data.js';
import type { Dataset } from '../nn/dataset.js';
import { judge, type Judgement } from '../nn/judge.js';
import type { Layer } from '../nn/layer.js';
import { Conv2D } from '../nn/layers/conv.js';
import type { Model } from '../nn/model.js';
import { scope } from '../scope.js';
import type { Shape } from '../shape.js';
import { tensor } from '../tensor.js';
import { gradCam, overlay } from '../vis/grad_cam.js';
import { activationImages, filterImages } from '../vis/maps.js';
import type { GalleryItem } from '../vis/report.js';
import { trainingReport, type TrainingRun } from '../vis/training_report.js';
import { RUN, type Run } from './train_run.js';

/** What a model said of some pictures. */
export interface JudgedFiles extends Judgement {
  readonly set: string;
  /** The file of each sample. */
  readonly files: readonly string[];
}

/**
 * Lets a model judge pictures.
 *
 * @param batches of the pictures, in the order of the files
 * @param source where they come from
 */
export async function judgeFiles(
  model: Model,
  batches: Dataset<ImageBatch>,
  { filePaths, badFiles }: Pick<ImageDataset<unknown>, 'filePaths' | 'badFiles'>,
  set: string,
): Promise<JudgedFiles> {
  const judgement = await judge(model, batches);
  const bad = new Set(badFiles.map(({ file }) => file));
  return { ...judgement, set, files: filePaths.filter((file) => !bad.has(file)) };
}

/** The longer side of pictures in the report. */
const SIDE = 96;
/** Pictures that Grad-CAM explains. */
const EXPLAINED = 8;

/** Writes `report.html` of a run into a folder. Returns its path. */
export async function writeRunReport(
  folder: string,
  { config, classNames, folder: name }: Run,
  model: Model,
  judged: JudgedFiles,
  history: TrainingRun['history'],
  environment: Readonly<Record<string, unknown>>,
): Promise<string> {
  const picture = (index: number): Promise<Image> => small(judged.files[index]!);
  const html = await trainingReport({
    title: name,
    intro: `${model.name}, judged on ${judged.files.length.toLocaleString('en')} pictures (${judged.set}).`,
    ...{ history, classNames, environment },
    config: { ...config },
    judged: { ...judged, picture },
    layers: model.layers.map((layer) => row(model, layer)),
    filters: await firstFilters(model),
    activations: await activations(model, judged.files[0]!),
    cams: await explanations(model, judged, classNames),
  });
  const path = join(folder, RUN.report);
  await writeFileAtomic(path, html);
  return path;
}

async function small(file: string): Promise<Image> {
  return thumbnail(toRgb(await readImage(file, { applyOrientation: false })), SIDE);
}

function row(model: Model, layer: Layer): TrainingRun['layers'][number] {
  const shapes = model.graph.usesOf(layer)[0]!.outputs.map(({ shape }) => formatBatch(shape));
  return {
    name: layer.name,
    type: layer.className,
    output: shapes.join(', '),
    parameters: layer.weights.reduce((sum, { value }) => sum + value.size, 0),
    trained: layer.weights.some(({ trainable }) => trainable),
  };
}

/** Of the first convolution that looks at more than single pixels. */
async function firstFilters({ layers }: Model): Promise<Image | undefined> {
  for (const layer of layers) {
    const kernel = layer instanceof Conv2D ? layer.weights[0]!.value : undefined;
    if (!kernel || kernel.shape[0] === 1) continue;
    const shape = kernel.shape as [number, number, number, number];
    return filterImages(new Float32Array(await kernel.data()), shape);
  }
  return undefined;
}

/** A picture as the model takes it. */
async function inputOf(
  { inputShape }: Model,
  file: string,
): Promise<{ data: Float32Array; shape: Shape }> {
  const [height, width] = inputShape as [number, number, number];
  const fit = {
    size: [height, width],
    resize: 'bilinear',
    cropToAspectRatio: false,
    channels: 3,
  } as const;
  const { data } = await readAsKeras(file, fit);
  return { data: Float32Array.from(data), shape: [1, height, width, 3] };
}

/** Layers that give maps of at least so many points a side, in their order. */
function mapLayers(
  model: Model,
  least = 2,
): readonly { readonly name: string; readonly isConv: boolean }[] {
  const inputs = new Set(model.inputs.map(({ name }) => name));
  return model.layers
    .filter((layer) => {
      const [height = 0, width = 0, channels] = model.graph.usesOf(layer)[0]!.outputs[0]!.shape;
      return channels !== undefined && Math.min(height, width) >= least && !inputs.has(layer.name);
    })
    .map((layer) => ({ name: layer.name, isConv: layer instanceof Conv2D }));
}

/** Maps of the first convolution, and of the middle one of those whose maps still show something. */
async function activations(model: Model, file: string): Promise<{ layer: string; image: Image }[]> {
  const convolutions = mapLayers(model, 4).filter(
    ({ isConv, name }) => isConv && name !== 'preprocessing',
  );
  const names = [convolutions[0], convolutions[convolutions.length >> 1]].flatMap(
    (each) => each?.name ?? [],
  );
  const { data, shape } = await inputOf(model, file);
  const maps: { layer: string; image: Image }[] = [];
  for (const layer of new Set(names)) {
    const y = scope(() => model.outputsOf(tensor(data, shape), layer));
    const [, h, w, c] = y.shape as [number, number, number, number];
    // Of many channels, the first ones fill a page well enough.
    const kept = Math.min(c, 64);
    const values = (await y.data()) as Float32Array;
    const some = Float32Array.from(
      { length: h * w * kept },
      (_, i) => values[Math.floor(i / kept) * c + (i % kept)]!,
    );
    maps.push({ layer, image: activationImages(some, [h, w, kept]) });
    y.dispose();
  }
  return maps;
}

/** Grad-CAM of pictures from all over the set, on the last maps of the model. */
async function explanations(
  model: Model,
  { files, labels, predictions }: JudgedFiles,
  classNames: readonly string[],
): Promise<GalleryItem[]> {
  const layer = mapLayers(model).at(-1)?.name;
  if (layer === undefined) return [];
  const count = Math.min(EXPLAINED, files.length);
  const items: GalleryItem[] = [];
  for (let i = 0; i < count; i++) {
    const index = Math.floor(((i + 0.5) * files.length) / count);
    const predicted = predictions[index]!;
    const cam = await gradCam(model, await inputOf(model, files[index]!), {
      layer,
      classIndex: predicted,
    });
    const caption = classNames[predicted]!;
    const image = overlay(await small(files[index]!), cam);
    items.push({ image, caption, ok: predicted === labels[index] });
  }
  return items;
}

/** The values of each epoch, from the file that a run writes. */
export async function readHistory(folder: string): Promise<Record<string, number[]>> {
  const text = await readFile(join(folder, RUN.history), 'utf8');
  const [names = [], ...rows] = text
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  return Object.fromEntries(
    names.map((name, i) => [name, rows.map((cells) => Number(cells[i]))] as const).slice(1),
  );
}
