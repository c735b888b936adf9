import { noGrad, valueAndGrad } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { toRgb, type Image } from '../io/images/image.js';
import { resizeValues } from '../io/images/resize.js';
import { Graph } from '../nn/graph.js';
import type { Model } from '../nn/model.js';
import { mul, sum } from '../ops/index.js';
import { scope } from '../scope.js';
import { formatShape } from '../shape.js';
import { tensor, Tensor } from '../tensor.js';
import { mix, viridis, type ColorMap } from './palette.js';

/** Options of `gradCam`. */
export interface GradCamOptions {
  /** Name of the layer to look at: usually the last one that has maps, [h, w, c]. */
  readonly layer: string;
  /** The class whose score is to be explained, from 0. */
  readonly classIndex: number;
}

/** How much each place speaks for a class, from 0 to 1: row-major, [height, width]. */
export interface CamMap {
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/**
 * Grad-CAM: where in a picture a classifier sees a class. The maps of a layer are added up, each with
 * the mean gradient of the score (before the softmax) with respect to it; what speaks against the
 * class becomes 0, and the largest value 1. Selvaraju et al., arxiv.org/abs/1610.02391.
 *
 * @param x one picture as the model takes it, [1, ...inputShape]
 * @throws FoveaError SHAPE when `x` is not one picture, or the layer has no maps; ARGUMENT when there
 *   is no such layer or class, or other ways than through the layer lead from input to output
 */
export async function gradCam(
  model: Model,
  x: Tensor | { readonly data: Float32Array; readonly shape: readonly number[] },
  { layer, classIndex }: GradCamOptions,
): Promise<CamMap> {
  const { shape } = x;
  if (shape[0] !== 1) {
    throw new FoveaError('SHAPE', `gradCam: takes one picture [1, ...], got ${formatShape(shape)}`);
  }
  checkClass(model, classIndex);
  const [maps, grads] = scope(() => {
    const input = x instanceof Tensor ? x : tensor(x.data, [...shape]);
    return mapsAndGradients(model, input, layer, classIndex);
  });
  try {
    const [, height, width] = maps.shape as [number, number, number, number];
    const values = (await maps.data()) as Float32Array;
    const slopes = (await grads.data()) as Float32Array;
    return { height, width, data: weighted(values, slopes, maps.shape[3]!) };
  } finally {
    maps.dispose();
    grads.dispose();
  }
}

function checkClass({ name, outputShape }: Model, classIndex: number): void {
  const [classes] = outputShape;
  const isClass = Number.isInteger(classIndex) && classIndex >= 0 && classIndex < (classes ?? 0);
  if (outputShape.length === 1 && isClass) return;
  throw new FoveaError(
    'ARGUMENT',
    `gradCam: there is no class ${classIndex}: ${name} gives ${formatShape(outputShape)}`,
  );
}

/** What a layer gives, and the gradients of a score with respect to it. */
function mapsAndGradients(
  model: Model,
  x: Tensor,
  layer: string,
  classIndex: number,
): readonly [Tensor, Tensor] {
  const symbol = model.graph.resultOf(model.getLayer(layer));
  if (symbol.shape.length !== 3) {
    throw new FoveaError(
      'SHAPE',
      `gradCam: ${layer} gives ${formatShape(symbol.shape)}, not maps [h, w, c]`,
      { hint: 'Take the last layer before the pooling.' },
    );
  }
  // Both parts are graphs of their own, so that the maps are what gradients are asked for.
  const rest = new Graph([symbol], model.outputs);
  const maps = noGrad(() => model.outputsOf(x, layer));
  const oneHot = new Float32Array(model.outputShape[0]!);
  oneHot[classIndex] = 1;
  return withoutGradients(model, () => {
    const { value, grads } = valueAndGrad(() => {
      const [scores] = rest.run([maps], model.outputs, {}, new Set(model.outputs));
      return sum(mul(scores!, tensor(oneHot)));
    }, [maps]);
    value.dispose();
    return [maps, grads[0]!] as const;
  });
}

/** Runs `fn` while the weights of a model collect no gradients. */
function withoutGradients<T>(model: Model, fn: () => T): T {
  const before = model.weights.map(({ value }) => ({ value, node: value.node }));
  for (const { value } of before) value.node = undefined;
  try {
    return fn();
  } finally {
    for (const { value, node } of before) value.node = node;
  }
}

/** The maps, added up with their mean slopes, without what is negative, up to 1. */
function weighted(values: Float32Array, slopes: Float32Array, channels: number): Float32Array {
  const places = values.length / channels;
  const weights = new Float64Array(channels);
  slopes.forEach((slope, i) => (weights[i % channels]! += slope / places));
  const sums = Float32Array.from({ length: places }, (_, place) => {
    let total = 0;
    for (let c = 0; c < channels; c++) total += weights[c]! * values[place * channels + c]!;
    return Math.max(0, total);
  });
  const most = sums.reduce((a, b) => Math.max(a, b), 0);
  return most > 0 ? sums.map((value) => value / most) : sums;
}

/**
 * A picture with a map of `gradCam` over it, enlarged smoothly to its size: the more a place counts,
 * the more of the colour.
 *
 * @param options `map`: colours, default viridis; `opacity`: of the colour where the map is 1,
 *   default 0.65
 */
export function overlay(
  image: Image,
  cam: CamMap,
  { map = viridis, opacity = 0.65 }: { readonly map?: ColorMap; readonly opacity?: number } = {},
): Image {
  const { width, height, data } = toRgb(image);
  // Enlarged as a picture, the map keeps 256 levels.
  const levels: Image = {
    ...{ width: cam.width, height: cam.height, channels: 1 },
    data: Uint8Array.from(cam.data, (value) => Math.round(255 * value)),
  };
  const values = resizeValues(levels, [height, width], { method: 'bilinear' });
  const out = new Uint8Array(data.length);
  values.forEach((level, i) => {
    const value = level / 255;
    const pixel = [data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!] as const;
    out.set(mix(pixel, map(value), opacity * value).map(Math.round), 3 * i);
  });
  return { width, height, channels: 3, data: out };
}
