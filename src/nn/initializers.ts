import { FoveaError } from '../errors.js';
import { Random } from '../random.js';
import { sizeOf, type Shape } from '../shape.js';

/** Fills new weights. */
export interface Initializer {
  /** Its name in layer options. */
  readonly name: InitializerName;
  /** The values of a weight of that shape; equal seeds give equal values. */
  values(shape: Shape, seed: number): Float32Array;
}

const NAMES = ['glorotUniform', 'glorotNormal', 'heUniform', 'heNormal', 'zeros', 'ones'] as const;

/** The initializers: Keras's, in camelCase. */
export type InitializerName = (typeof NAMES)[number];

/**
 * The initializer of that name.
 *
 * - glorotUniform: uniform in (-l, l), l = sqrt(6 / (fanIn + fanOut))
 * - glorotNormal: truncated normal of standard deviation sqrt(2 / (fanIn + fanOut))
 * - heUniform, heNormal: the same with 2 / fanIn as the variance
 *
 * Fans are Keras's: [in, out] for dense, window times channels for convolutions.
 *
 * @throws FoveaError ARGUMENT for other names
 */
export function initializer(name: string): Initializer {
  const known = NAMES.find((candidate) => candidate === name);
  if (known === undefined) {
    throw new FoveaError(
      'ARGUMENT',
      `initializer '${name}' is unknown; allowed are ${NAMES.map((n) => `'${n}'`).join(', ')}`,
    );
  }
  return { name: known, values: (shape, seed) => fillers[known](shape, seed) };
}

const fillers: Readonly<Record<InitializerName, (shape: Shape, seed: number) => Float32Array>> = {
  zeros: (shape) => new Float32Array(sizeOf(shape)),
  ones: (shape) => new Float32Array(sizeOf(shape)).fill(1),
  glorotUniform: (shape, seed) => uniform(shape, seed, glorotVariance(shape)),
  glorotNormal: (shape, seed) => truncatedNormal(shape, seed, glorotVariance(shape)),
  heUniform: (shape, seed) => uniform(shape, seed, 2 / fans(shape).fanIn),
  heNormal: (shape, seed) => truncatedNormal(shape, seed, 2 / fans(shape).fanIn),
};

/** Inputs and outputs that a weight connects, as Keras counts them. */
export function fans(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  const last = shape.at(-1) ?? 1;
  if (shape.length < 2) return { fanIn: last, fanOut: last };
  const window = sizeOf(shape.slice(0, -2));
  return { fanIn: window * shape.at(-2)!, fanOut: window * last };
}

function glorotVariance(shape: Shape): number {
  const { fanIn, fanOut } = fans(shape);
  return 2 / (fanIn + fanOut);
}

function uniform(shape: Shape, seed: number, variance: number): Float32Array {
  const limit = Math.sqrt(3 * variance);
  const random = new Random(seed);
  return filled(shape, () => (2 * random.uniform() - 1) * limit);
}

/** Standard deviation of a standard normal that is cut off at two standard deviations. */
const TRUNCATED_DEVIATION = 0.8796256610342398;

function truncatedNormal(shape: Shape, seed: number, variance: number): Float32Array {
  const scale = Math.sqrt(variance) / TRUNCATED_DEVIATION;
  const random = new Random(seed);
  return filled(shape, () => {
    let value = random.normal();
    while (Math.abs(value) > 2) value = random.normal();
    return value * scale;
  });
}

function filled(shape: Shape, next: () => number): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = next();
  return values;
}
