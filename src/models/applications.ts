import { FoveaError } from '../errors.js';
import type { HostArray, Values } from '../nn/data.js';
import type { Functional } from '../nn/functional.js';
import {
  buildApplication,
  settingsOf,
  type ApplicationOptions,
  type Settings,
} from './architecture.js';
import { prepare, setContract, type InputContract, type PreparedPictures } from './input.js';
import {
  hasImagenet,
  isPublished,
  loadFile,
  loadImagenet,
  pullWeights,
  type FetchOptions,
} from './weights.js';
import { entryOf, type ZooName } from './zoo.js';

export type { Progress } from '../io/download.js';
export type { ApplicationOptions } from './architecture.js';
export { decodePredictions, type Prediction } from './imagenet.js';
export type { InputContract, PreparedPictures } from './input.js';
export {
  predictImages,
  prepareImage,
  type PictureResult,
  type PredictImagesOptions,
} from './predict_images.js';
export {
  fineTune,
  freezeLayers,
  imageClassifier,
  type FineTuned,
  type FineTuneOptions,
  type FineTuneStage,
  type Freeze,
  type ImageClassifierOptions,
} from './transfer.js';
export type { FetchOptions } from './weights.js';
export type { ZooName } from './zoo.js';

/** Options of a network. */
export interface NetworkOptions extends ApplicationOptions, FetchOptions {
  /**
   * 'imagenet', or the path of a file: `.h5`, `.weights.h5`, `.keras`, `.safetensors`, `.npz`; for
   * the Lite networks also a state dict of PyTorch. Default null: random ones.
   */
  readonly weights?: string | null | undefined;
}

/**
 * Makes a network; it is a promise because weights may have to be read, or downloaded.
 *
 * @throws FoveaError ARGUMENT for options that do not fit the network, FILE when weights cannot be
 *   read, NETWORK when they cannot be downloaded
 */
export type Builder = (options?: NetworkOptions) => Promise<Functional>;

function builder(name: ZooName): Builder {
  return async ({ weights = null, signal, onProgress, ...options } = {}) => {
    const { architecture, pretrained = architecture, input } = entryOf(name);
    const settings = settingsOf(architecture, options);
    const { includeTop } = settings;
    const isImagenet = weights === 'imagenet';
    if (isImagenet) checkImagenet(name, settings);
    const asPublished =
      isImagenet ||
      (weights !== null &&
        pretrained !== architecture &&
        (await isPublished(weights, name, includeTop)));
    const imagenet = isImagenet
      ? await pullWeights(name, includeTop, { signal, onProgress })
      : undefined;
    const initialize = settings.initialize && weights === null;
    const plan = asPublished ? pretrained : architecture;
    const network = buildApplication(plan, { ...settings, initialize });
    setContract(network, input);
    try {
      if (imagenet !== undefined) await loadImagenet(network, name, includeTop, imagenet);
      else if (weights !== null) await loadFile(network, name, weights);
    } catch (error) {
      network.dispose();
      throw error;
    }
    return network;
  };
}

/** Throws ARGUMENT when there are no weights of ImageNet, or the network differs from them. */
function checkImagenet(name: ZooName, settings: Settings): void {
  if (!hasImagenet(name)) {
    throw new FoveaError('ARGUMENT', `${name}: there are no weights 'imagenet'`, {
      hint: 'Give the path of a file, or null for random weights.',
    });
  }
  const { includeTop, classes, classifierActivation, inputShape } = settings;
  const isOriginal = classifierActivation === 'softmax' || classifierActivation === null;
  const channels = inputShape?.at(-1) ?? 3;
  if (channels === 3 && (!includeTop || (classes === 1000 && isOriginal))) return;
  throw new FoveaError(
    'ARGUMENT',
    `${name}: the weights 'imagenet' are for 3 channels, 1000 classes and softmax (or null); got ` +
      `${channels} channels, ${classes} classes and '${classifierActivation ?? 'null'}'`,
    { hint: 'For other classes, take includeTop: false and put a classifier of your own on it.' },
  );
}

/** Which pictures a network takes: size, order and range of the values, how to resize. */
export function inputContract(name: ZooName): InputContract {
  return entryOf(name).input;
}

/**
 * Pictures as a network takes them, by Keras's rule for it. They must have its size already. Values
 * that are all from -1 to 1 have been scaled before: a line on stderr says so, once.
 *
 * @param name of the network's builder
 * @param pictures RGB with values of 0 to 255, [..., 3]
 * @throws FoveaError SHAPE when there are not three channels
 */
export function preprocessInput(name: ZooName, pictures: HostArray): PreparedPictures {
  const { data } = pictures;
  if (!hasWarned && data.length > 0 && !isByteRange(data)) {
    hasWarned = true;
    process.stderr.write(
      'fovea: preprocessInput takes values of 0 to 255; these are all from -1 to 1\n',
    );
  }
  return prepare(entryOf(name).input, pictures);
}

let hasWarned = false;

/** Whether any value is beyond what scaled pictures have; a black picture is no sign of scaling. */
function isByteRange(data: Values): boolean {
  let most = 0;
  for (const value of data) most = Math.max(most, Math.abs(value));
  return most > 1 || most === 0;
}

/** VGG-16: 138,357,544 parameters. Takes BGR minus the mean; see `preprocessInput`. */
export const vgg16 = builder('vgg16');
/** VGG-19: 143,667,240 parameters. */
export const vgg19 = builder('vgg19');
/** ResNet-50, version 1: 25,636,712 parameters. Takes BGR minus the mean; see `preprocessInput`. */
export const resNet50 = builder('resNet50');
/** ResNet-101: 44,707,176 parameters. */
export const resNet101 = builder('resNet101');
/** ResNet-152: 60,419,944 parameters. */
export const resNet152 = builder('resNet152');
/** Inception, version 3, for 299 x 299: 23,851,784 parameters. Takes values of -1 to 1. */
export const inceptionV3 = builder('inceptionV3');
/** MobileNet, version 2: 3,538,984 parameters. Takes values of -1 to 1. */
export const mobileNetV2 = builder('mobileNetV2');
/** EfficientNet-B0, for 224 x 224: 5,330,571 parameters. Takes values of 0 to 255. */
export const efficientNetB0 = builder('efficientNetB0');
/** EfficientNet-B1, for 240 x 240: 7,856,239 parameters. Takes values of 0 to 255. */
export const efficientNetB1 = builder('efficientNetB1');
/** EfficientNet-B2, for 260 x 260: 9,177,569 parameters. Takes values of 0 to 255. */
export const efficientNetB2 = builder('efficientNetB2');
/** EfficientNet-B3, for 300 x 300: 12,320,535 parameters. Takes values of 0 to 255. */
export const efficientNetB3 = builder('efficientNetB3');
/** EfficientNet-B4, for 380 x 380: 19,466,823 parameters. Takes values of 0 to 255. */
export const efficientNetB4 = builder('efficientNetB4');
/** EfficientNet-B5, for 456 x 456: 30,562,527 parameters. Takes values of 0 to 255. */
export const efficientNetB5 = builder('efficientNetB5');
/** EfficientNet-B6, for 528 x 528: 43,265,143 parameters. Takes values of 0 to 255. */
export const efficientNetB6 = builder('efficientNetB6');
/** EfficientNet-B7, for 600 x 600: 66,658,687 parameters. Takes values of 0 to 255. */
export const efficientNetB7 = builder('efficientNetB7');
/** EfficientNet-Lite0, for 224 x 224: 4,694,024 parameters. Takes values of -1 to 1. `weights: 'imagenet'` is in the package. */
export const efficientNetLite0 = builder('efficientNetLite0');
/** EfficientNet-Lite1, for 240 x 240: 5,470,344 parameters. Takes values of -1 to 1. */
export const efficientNetLite1 = builder('efficientNetLite1');
/** EfficientNet-Lite2, for 260 x 260: 6,150,168 parameters. Takes values of -1 to 1. */
export const efficientNetLite2 = builder('efficientNetLite2');
/** EfficientNet-Lite3, for 280 x 280: 8,273,768 parameters. Takes values of -1 to 1. */
export const efficientNetLite3 = builder('efficientNetLite3');
/** EfficientNet-Lite4, for 300 x 300: 13,118,936 parameters. Takes values of -1 to 1. */
export const efficientNetLite4 = builder('efficientNetLite4');
