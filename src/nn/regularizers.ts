import { FoveaError } from '../errors.js';
import { abs, add, div, matmul, maximum, mul, sqrt, square, sum } from '../ops/index.js';
import { formatShape } from '../shape.js';
import { tensor, type Tensor } from '../tensor.js';
import {
  AT_LEAST_0,
  checkNumbers,
  checkWord,
  lookUp,
  withDefaults,
  type Given,
  type Serialized,
} from './config.js';

/** Adds to the loss what a weight costs. Made by `regularizers`. */
export class Regularizer {
  /**
   * @param className Keras's name of the class: 'L2'
   * @param loss what a weight costs: a scalar, on the tape
   */
  constructor(
    readonly className: string,
    private readonly config: object,
    readonly loss: (weight: Tensor) => Tensor,
  ) {}

  /** What `regularizerOf` makes it from again. */
  getConfig(): Serialized {
    return { className: this.className, config: { ...this.config } };
  }
}

const absolutes = (weight: Tensor, factor: number): Tensor => mul(sum(abs(weight)), factor);
const squares = (weight: Tensor, factor: number): Tensor => mul(sum(square(weight)), factor);

interface L1Config {
  /** Factor of the sum of absolute values. */
  readonly l1: number;
}
/** Options of `regularizers.l1`. */
export type L1Options = Given<L1Config>;

function l1(options: L1Options = {}): Regularizer {
  const config = withDefaults<L1Config>('L1', options, { l1: 0.01 });
  checkNumbers('L1', config, { l1: AT_LEAST_0 });
  return new Regularizer('L1', config, (weight) => absolutes(weight, config.l1));
}

interface L2Config {
  /** Factor of the sum of squares. */
  readonly l2: number;
}
/** Options of `regularizers.l2`. */
export type L2Options = Given<L2Config>;

function l2(options: L2Options = {}): Regularizer {
  const config = withDefaults<L2Config>('L2', options, { l2: 0.01 });
  checkNumbers('L2', config, { l2: AT_LEAST_0 });
  return new Regularizer('L2', config, (weight) => squares(weight, config.l2));
}

/** Options of `regularizers.l1l2`: both are 0 by default. */
export type L1L2Options = Given<L1Config & L2Config>;

function l1l2(options: L1L2Options = {}): Regularizer {
  const config = withDefaults<L1Config & L2Config>('L1L2', options, { l1: 0, l2: 0 });
  checkNumbers('L1L2', config, { l1: AT_LEAST_0, l2: AT_LEAST_0 });
  return new Regularizer('L1L2', config, (weight) =>
    add(absolutes(weight, config.l1), squares(weight, config.l2)),
  );
}

interface OrthogonalConfig {
  /** Default 0.01. */
  readonly factor: number;
  /** What is to be orthogonal. Default 'rows'. */
  readonly mode: 'rows' | 'columns';
}
/** Options of `regularizers.orthogonalRegularizer`. */
export type OrthogonalRegularizerOptions = Given<OrthogonalConfig>;

function orthogonalRegularizer(options: OrthogonalRegularizerOptions = {}): Regularizer {
  const className = 'OrthogonalRegularizer';
  const defaults = { factor: 0.01, mode: 'rows' } as const;
  const config = withDefaults<OrthogonalConfig>(className, options, defaults);
  checkNumbers(className, config, { factor: AT_LEAST_0 });
  checkWord(className, 'mode', config.mode, ['rows', 'columns']);
  return new Regularizer(className, config, (weight) => cosines(weight, config));
}

/** Squared norms below this count as this: what Keras divides by. */
const SMALLEST_SQUARE = 1e-14;

/** factor times the mean size of the cosine between two rows (columns). */
function cosines(weight: Tensor, { factor, mode }: OrthogonalConfig): Tensor {
  if (weight.rank !== 2) {
    throw new FoveaError(
      'SHAPE',
      `OrthogonalRegularizer: needs a matrix, got shape ${formatShape(weight.shape)}`,
    );
  }
  const byRows = mode === 'rows';
  const norms = sqrt(
    maximum(sum(square(weight), { axis: byRows ? 1 : 0, keepDims: true }), SMALLEST_SQUARE),
  );
  const units = div(weight, norms);
  const products = matmul(units, units, { transposeA: !byRows, transposeB: byRows });
  const n = products.shape[0]!;
  const others = tensor(
    Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) !== 0)),
    [n, n],
  );
  return mul(sum(abs(mul(products, others))), factor / Math.max(1, n * (n - 1)));
}

/** The regularizers: Keras's, in camelCase. */
export const regularizers = {
  /** l1 * sum(|w|); l1 is 0.01 by default. */
  l1,
  /** l2 * sum(w^2); l2 is 0.01 by default. */
  l2,
  /** l1 * sum(|w|) + l2 * sum(w^2). */
  l1l2,
  /** factor * mean of |cosine| between each two rows, or columns, of a matrix. */
  orthogonalRegularizer,
};

/** The names of the regularizers. */
export type RegularizerName = keyof typeof regularizers;

/** What options take: an object, a name, or what `getConfig()` described. */
export type RegularizerLike = Regularizer | RegularizerName | Serialized;

/**
 * The regularizer itself, a new one of that name, or the one that `getConfig()` described. Throws
 * ARGUMENT for unknown names and options.
 */
export function regularizerOf(regularizer: RegularizerLike): Regularizer {
  if (regularizer instanceof Regularizer) return regularizer;
  return lookUp('regularizer', regularizers, regularizer);
}
