import { FoveaError } from '../errors.js';
import { loadModel } from '../io/model.js';
import type { Progress } from '../io/download.js';
import { input, model as functional } from '../nn/functional.js';
import type { Layer } from '../nn/layer.js';
import * as layers from '../nn/layers/index.js';
import type { Model } from '../nn/model.js';
import * as applications from './applications.js';
import { cifar10Net } from './cifar10.js';
import { chain, freezeLayers, imageClassifier, onTop, type Freeze } from './transfer.js';
import { hasImagenet } from './weights.js';
import { entryOf, zooName } from './zoo.js';

/** What `pictureModel` builds. */
export interface PictureModelOptions {
  /** 'cifar10', the name of a network, or a `.keras` file. */
  readonly model: string;
  /** 'imagenet', 'none' or a file; null: 'imagenet' where there is such a network, else 'none'. */
  readonly weights: string | null;
  /** Null: 'all' where the network has weights, else 'none'. */
  readonly freeze: Freeze | null;
  /** Height and width; null: those of the network. */
  readonly imageSize: number | null;
  readonly augment: string;
  readonly dropout: boolean;
  readonly seed: number;
}

/** How a picture model is called, how large its pictures are, and how it is built for some classes. */
export interface PictureModel {
  readonly size: number;
  build(classes: number, onProgress?: (progress: Progress) => void): Promise<Model>;
}

/**
 * A network for pictures with values of 0 to 255, by its name or from a file.
 *
 * @throws FoveaError ARGUMENT when there is no such network, or options do not fit it
 */
export async function pictureModel(options: PictureModelOptions): Promise<PictureModel> {
  const { model, imageSize } = options;
  if (model.endsWith('.keras')) return fromFile(options);
  if (model === 'cifar10') {
    return { size: imageSize ?? 32, build: (classes) => Promise.resolve(small(options, classes)) };
  }
  const name = zooName(model);
  const size = imageSize ?? entryOf(name).input.size[0];
  return {
    size,
    build: (classes, onProgress) => pretrained(options, name, size, classes, onProgress),
  };
}

function small(
  { imageSize, dropout, augment, seed, weights, freeze }: PictureModelOptions,
  classes: number,
): Model {
  refuse('cifar10', { weights: weights === 'none' ? null : weights });
  if (freeze !== null && freeze !== 'none' && freeze !== 0) refuse('cifar10', { freeze });
  const shape = [imageSize ?? 32, imageSize ?? 32, 3];
  const pictures = input({ shape });
  const scaled = chain([...augmentation(augment), layers.rescaling({ scale: 1 / 255 })], pictures);
  const outputs = onTop(scaled, cifar10Net({ inputShape: shape, classes, dropout, seed }));
  return functional({ inputs: pictures, outputs, name: 'cifar10', seed });
}

async function pretrained(
  { weights, freeze, dropout, augment, seed }: PictureModelOptions,
  name: applications.ZooName,
  size: number,
  classes: number,
  onProgress: ((progress: Progress) => void) | undefined,
): Promise<Model> {
  const source = weights ?? (hasImagenet(name) ? 'imagenet' : 'none');
  const isTrained = source !== 'none';
  const base = await applications[name]({
    ...{ includeTop: false, pooling: 'avg', inputShape: [size, size, 3], seed, onProgress },
    weights: isTrained ? source : null,
  });
  freezeLayers(base, freeze ?? (isTrained ? 'all' : 'none'));
  return imageClassifier(base, {
    ...{ classes, seed, augment: augmentation(augment), dropout: dropout ? 0.2 : 0 },
  });
}

async function fromFile({
  model: path,
  imageSize,
  augment,
  weights,
  freeze,
  dropout,
}: PictureModelOptions): Promise<PictureModel> {
  if (!dropout) refuse(path, { dropout: false });
  refuse(path, { weights, imageSize, augment: augment || null });
  const model = await loadModel(path);
  const [height = 0, width = 0, channels = 0] = model.inputShape;
  if (height !== width || channels !== 3 || model.outputShape.length !== 1) {
    throw new FoveaError(
      'DATA',
      `${path} maps (${model.inputShape.join(', ')}) to (${model.outputShape.join(', ')}); a ` +
        'classifier of square RGB pictures is needed',
    );
  }
  if (freeze !== null) freezeLayers(model, freeze);
  return {
    size: height,
    build: (classes) => {
      if (model.outputShape[0] === classes) return Promise.resolve(model);
      throw new FoveaError(
        'DATA',
        `${path} tells ${model.outputShape[0]!} classes apart, the data have ${classes}`,
      );
    },
  };
}

function refuse(
  model: string,
  options: Readonly<Record<string, string | number | boolean | null>>,
): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === null) continue;
    throw new FoveaError('ARGUMENT', `${model}: ${name} does not go with it, got ${String(value)}`);
  }
}

/** What can change pictures in training: the layer, for a factor. */
const AUGMENTATIONS: Readonly<Record<string, (factor: number) => Layer>> = {
  flip: () => layers.randomFlip({ mode: 'horizontal' }),
  rotation: (factor) => layers.randomRotation({ factor }),
  zoom: (factor) => layers.randomZoom({ heightFactor: factor }),
  translation: (factor) => layers.randomTranslation({ heightFactor: factor, widthFactor: factor }),
  contrast: (factor) => layers.randomContrast({ factor }),
  brightness: (factor) => layers.randomBrightness({ factor }),
};

/**
 * Layers for augmentation, from 'flip,rotation=0.05,zoom'. Factors mean what they mean in Keras's layers;
 * without one it is 0.1.
 *
 * @throws FoveaError ARGUMENT for another name, or a factor that is no number
 */
export function augmentation(text: string): Layer[] {
  return text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [name = '', factor = '0.1'] = part.trim().split('=');
      const make = AUGMENTATIONS[name];
      if (make && factor.trim() !== '' && Number.isFinite(Number(factor))) {
        return make(Number(factor));
      }
      throw new FoveaError('ARGUMENT', `augment: cannot do '${part.trim()}'`, {
        hint: `There are ${Object.keys(AUGMENTATIONS).join(', ')}, as in flip,rotation=0.05.`,
      });
    });
}
