import { FoveaError } from '../errors.js';
import { readFileOrThrow } from '../io/files.js';
import { hostArray, type HostArray } from '../nn/data.js';
import { checkInteger } from '../nn/layer.js';
import { formatShape } from '../shape.js';
import type { Tensor } from '../tensor.js';

/** The same relative path from src/models and from dist/models. */
const file = new URL('../../data/imagenet-classes.json', import.meta.url);

/** The synset and the label of each of the 1,000 classes, in the order of the scores. */
type Classes = readonly (readonly [id: string, label: string])[];

let loading: Promise<Classes> | undefined;

function classNames(): Promise<Classes> {
  loading ??= readFileOrThrow(file).then(
    (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Classes,
  );
  return loading;
}

/** One class that a picture may show. */
export interface Prediction {
  /** From 0. */
  readonly index: number;
  /** Synset of WordNet: 'n02123045'. */
  readonly id: string;
  /** 'tabby'. Two classes are called 'crane', and two 'maillot'. */
  readonly label: string;
  readonly score: number;
}

/**
 * The classes with the highest scores of each picture, the highest first.
 *
 * @param predictions scores of the 1,000 classes of ImageNet: [n, 1000]
 * @param options `top`: how many classes. Default 5.
 * @throws FoveaError SHAPE for another shape, ARGUMENT unless `top` is an integer from 1 to 1000
 */
export async function decodePredictions(
  predictions: Tensor | HostArray,
  { top = 5 }: { readonly top?: number } = {},
): Promise<Prediction[][]> {
  const classes = await classNames();
  checkInteger('decodePredictions', 'top', top);
  const { data, shape } = await hostArray('decodePredictions', predictions);
  const count = classes.length;
  if (shape.length !== 2 || shape[1] !== count) {
    throw new FoveaError(
      'SHAPE',
      `decodePredictions: takes scores [n, ${count}], got ${formatShape(shape)}`,
      { hint: 'A network with other classes has names of its own.' },
    );
  }
  return Array.from({ length: shape[0]! }, (_, row) => {
    const scores = Array.from(data.slice(row * count, (row + 1) * count));
    const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!);
    return order.slice(0, top).map((index) => {
      const [id, label] = classes[index]!;
      return { index, id, label, score: scores[index]! };
    });
  });
}
