import { FoveaError } from '../errors.js';
import type { HostArray } from '../nn/data.js';
import type { Model } from '../nn/model.js';
import { formatShape, type Shape } from '../shape.js';

/** Which pictures a network takes, and how they become its input. */
export interface InputContract {
  /** Height and width that the published weights were trained for. */
  readonly size: readonly [height: number, width: number];
  /** Order of the channels of the input. Pictures are RGB. */
  readonly channels: 'RGB' | 'BGR';
  /** Subtracted from values of 0 to 255, in the order of `channels`. */
  readonly mean: readonly [number, number, number];
  /** What they are divided by then. */
  readonly std: readonly [number, number, number];
  /** The smallest and the largest value that the network is given so. */
  readonly range: readonly [number, number];
  /** How pictures are brought to `size`. */
  readonly resize: 'nearest' | 'bilinear' | 'bicubic';
  /** Share of the shorter side that the square in the middle has which is cut out; 1: no cropping. */
  readonly cropFraction: number;
}

type Transform = Pick<InputContract, 'channels' | 'mean' | 'std' | 'range'>;

/** Keras's modes 'caffe' and 'tf'; none, where the network does it itself; that of the Lite nets. */
export const MODES = {
  caffe: {
    ...{ channels: 'BGR', mean: [103.939, 116.779, 123.68], std: [1, 1, 1] },
    range: [-123.68, 255 - 103.939],
  },
  tf: {
    ...{ channels: 'RGB', mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
    range: [-1, 1],
  },
  none: { channels: 'RGB', mean: [0, 0, 0], std: [1, 1, 1], range: [0, 255] },
  lite: { channels: 'RGB', mean: [127, 127, 127], std: [128, 128, 128], range: [-127 / 128, 1] },
} as const satisfies Record<string, Transform>;

/** The contract of Keras's applications: pictures are resized as `load_img` does. */
export function kerasInput(mode: Transform, size: number): InputContract {
  return { ...mode, size: [size, size], resize: 'nearest', cropFraction: 1 };
}

const contracts = new WeakMap<Model, InputContract>();

/** Notes what a model takes. */
export function setContract(model: Model, contract: InputContract): void {
  contracts.set(model, contract);
}

/** What a model that `applications` built takes. Throws ARGUMENT for other models. */
export function contractOf(model: Model): InputContract {
  const contract = contracts.get(model);
  if (contract) return contract;
  throw new FoveaError('ARGUMENT', `it is not known which pictures ${model.name} takes`, {
    hint: "Pass { input: applications.inputContract('...') } of the network that it is made of.",
  });
}

/** What models take: values and their shape. */
export interface PreparedPictures {
  readonly data: Float32Array;
  readonly shape: Shape;
}

/**
 * Pictures as a network takes them.
 *
 * @param pictures RGB from 0 to 255: [..., 3]
 * @throws FoveaError SHAPE when there are not three channels
 */
export function prepare(
  { channels, mean, std }: Transform,
  { data, shape }: HostArray,
): PreparedPictures {
  if (shape.at(-1) !== 3) {
    throw new FoveaError(
      'SHAPE',
      `preprocessInput: pictures must have three channels, RGB, got ${formatShape(shape)}`,
      { hint: 'toRgb(image) makes grey pictures RGB.' },
    );
  }
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    for (let c = 0; c < 3; c++) {
      const from = channels === 'RGB' ? c : 2 - c;
      out[i + c] = (data[i + from]! - mean[c]!) / std[c]!;
    }
  }
  return { data: out, shape };
}
