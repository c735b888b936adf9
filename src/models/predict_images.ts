import { FoveaError } from '../errors.js';
import { decodeAll, type Decoded } from '../io/images/decode_all.js';
import { fitImage, type Fitted } from '../io/images/fit.js';
import { findPictures } from '../io/images/find.js';
import type { Image } from '../io/images/image.js';
import { checkInteger } from '../nn/layer.js';
import type { Model } from '../nn/model.js';
import { formatShape } from '../shape.js';
import { decodePredictions, type Prediction } from './imagenet.js';
import { contractOf, prepare, type InputContract, type PreparedPictures } from './input.js';

/** Options of `predictImages`. */
export interface PredictImagesOptions {
  /** How many classes of each picture. Default 5. */
  readonly top?: number | undefined;
  /** Pictures that are computed at once. Default 8. */
  readonly batchSize?: number | undefined;
  /** What the model takes. Default: what it was published with; needed for other models. */
  readonly input?: InputContract | undefined;
  /** The longer side of a small copy of each picture. Default: no copies. */
  readonly thumbnail?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a model says of a picture, or why it could not be asked. */
export type PictureResult =
  | {
      readonly file: string;
      readonly predictions: readonly Prediction[];
      readonly thumbnail?: Image;
    }
  | { readonly file: string; readonly error: FoveaError };

/**
 * Classifies pictures, in their order. They are read in threads of their own, a few ahead, while the
 * GPU computes; each is cropped, resized and scaled as the model needs it. A file that cannot be read
 * gives an `error`, and the others go on.
 *
 * @param model a classifier of the 1,000 classes of ImageNet
 * @param paths PNG and JPEG files, folders, and patterns such as `photos/*.jpg`
 * @throws FoveaError ARGUMENT for options that are not allowed or a model without `input`, SHAPE for
 *   one that takes no RGB pictures
 */
export async function* predictImages(
  model: Model,
  paths: readonly string[],
  options: PredictImagesOptions = {},
): AsyncGenerator<PictureResult, void, undefined> {
  const { top = 5, batchSize = 8, input = contractOf(model), thumbnail, signal } = options;
  checkInteger('predictImages', 'batchSize', batchSize);
  checkInteger('predictImages', 'top', top);
  const size = pictureSize(model);
  const fit = { size, resize: input.resize, cropFraction: input.cropFraction, thumbnail };
  const classify = (batch: readonly Fitted[]): Promise<Prediction[][]> =>
    predictBatch(model, input, batch, top);
  let batch: Decoded[] = [];
  let count = 0;
  for await (const decoded of decodeAll(await findPictures(paths), fit, 2 * batchSize)) {
    signal?.throwIfAborted();
    batch.push(decoded);
    if (!(decoded.result instanceof FoveaError)) count++;
    if (count < batchSize) continue;
    yield* results(batch, classify);
    batch = [];
    count = 0;
  }
  yield* results(batch, classify);
}

/**
 * A picture as a model takes it: cropped, resized and scaled.
 *
 * @param options `input`: what the model takes; needed for models that `applications` did not build
 * @returns values [1, height, width, 3]
 * @throws FoveaError ARGUMENT for a model without `input`, SHAPE for one that takes no RGB pictures
 */
export function prepareImage(
  model: Model,
  image: Image,
  { input = contractOf(model) }: { readonly input?: InputContract } = {},
): PreparedPictures {
  const size = pictureSize(model);
  const { resize, cropFraction } = input;
  const { data } = fitImage(image, { size, resize, cropFraction });
  return prepare(input, { data, shape: [1, ...size, 3] });
}

/** Height and width of what a model takes. */
function pictureSize(model: Model): readonly [number, number] {
  const { inputShape } = model;
  const [height, width, channels] = inputShape;
  if (inputShape.length === 3 && channels === 3) return [height!, width!];
  throw new FoveaError(
    'SHAPE',
    `predictImages: ${model.name} takes ${formatShape(inputShape)}, not RGB pictures`,
  );
}

async function* results(
  batch: readonly Decoded[],
  classify: (batch: readonly Fitted[]) => Promise<Prediction[][]>,
): AsyncGenerator<PictureResult, void, undefined> {
  const fitted = batch.flatMap(({ result }) => (result instanceof FoveaError ? [] : [result]));
  const predictions = fitted.length === 0 ? [] : await classify(fitted);
  for (const { file, result } of batch) {
    if (result instanceof FoveaError) {
      yield { file, error: result };
      continue;
    }
    const { thumbnail } = result;
    yield { file, predictions: predictions.shift()!, ...(thumbnail && { thumbnail }) };
  }
}

async function predictBatch(
  model: Model,
  input: InputContract,
  batch: readonly Fitted[],
  top: number,
): Promise<Prediction[][]> {
  const { width, height } = batch[0]!.image;
  const data = new Uint8Array(batch.length * height * width * 3);
  batch.forEach(({ image }, i) => {
    data.set(image.data, i * image.data.length);
  });
  const x = prepare(input, { data, shape: [batch.length, height, width, 3] });
  const scores = await model.predict(x, { batchSize: batch.length });
  try {
    return await decodePredictions(scores, { top });
  } finally {
    scores.dispose();
  }
}
