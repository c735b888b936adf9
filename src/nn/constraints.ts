import { noGrad } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { add, div, maximum, minimum, mul, sqrt, square, sum } from '../ops/index.js';
import { scope } from '../scope.js';
import type { Tensor } from '../tensor.js';
import {
  ANY,
  AT_LEAST_0,
  checkNumbers,
  lookUp,
  withDefaults,
  type Given,
  type Serialized,
} from './config.js';

/** Keeps a weight in bounds: after each step, the weight becomes what `apply` returns. */
export class Constraint {
  /** @param className Keras's name of the class: 'MaxNorm' */
  constructor(
    readonly className: string,
    private readonly config: object,
    private readonly bring: (weight: Tensor) => Tensor,
  ) {}

  /** New values for a weight, in its shape; not on the tape. */
  apply(weight: Tensor): Tensor {
    return scope(() => noGrad(() => this.bring(weight)));
  }

  /** What `constraintOf` makes it from again. */
  getConfig(): Serialized {
    return { className: this.className, config: { ...this.config } };
  }
}

/** Added to norms before they divide. */
const EPSILON = 1e-7;

interface AxisConfig {
  /**
   * The dimensions over which a norm is taken. Default 0: for dense, the weights of each unit;
   * for the filters of convolutions it is [0, 1, 2].
   */
  readonly axis: number | readonly number[];
}

function checkAxis(className: string, { axis }: AxisConfig): void {
  const list: unknown = typeof axis === 'number' ? [axis] : axis;
  if (Array.isArray(list) && list.length > 0 && list.every(Number.isInteger)) return;
  throw new FoveaError(
    'ARGUMENT',
    `${className}: axis must be an integer or a list of integers, got ${JSON.stringify(axis)}`,
  );
}

function norms(weight: Tensor, axis: AxisConfig['axis']): Tensor {
  return sqrt(sum(square(weight), { axis, keepDims: true }));
}

interface MaxNormConfig extends AxisConfig {
  /** Default 2. */
  readonly maxValue: number;
}
/** Options of `constraints.maxNorm`. */
export type MaxNormOptions = Given<MaxNormConfig>;

function maxNorm(options: MaxNormOptions = {}): Constraint {
  const config = withDefaults<MaxNormConfig>('MaxNorm', options, { maxValue: 2, axis: 0 });
  checkNumbers('MaxNorm', config, { maxValue: AT_LEAST_0 });
  checkAxis('MaxNorm', config);
  return new Constraint('MaxNorm', config, (weight) => {
    const found = norms(weight, config.axis);
    return mul(weight, div(minimum(found, config.maxValue), add(found, EPSILON)));
  });
}

interface MinMaxNormConfig extends AxisConfig {
  /** Default 0. */
  readonly minValue: number;
  /** Default 1. */
  readonly maxValue: number;
  /** How much of the way into the bounds is gone in each step. Default 1. */
  readonly rate: number;
}
/** Options of `constraints.minMaxNorm`. */
export type MinMaxNormOptions = Given<MinMaxNormConfig>;

function minMaxNorm(options: MinMaxNormOptions = {}): Constraint {
  const className = 'MinMaxNorm';
  const defaults = { minValue: 0, maxValue: 1, rate: 1, axis: 0 };
  const config = withDefaults<MinMaxNormConfig>(className, options, defaults);
  const { minValue, maxValue, rate, axis } = config;
  checkNumbers(className, config, { minValue: AT_LEAST_0, maxValue: AT_LEAST_0, rate: ANY });
  checkAxis(className, config);
  return new Constraint(className, config, (weight) => {
    const found = norms(weight, axis);
    const within = minimum(maximum(found, minValue), maxValue);
    const wanted = add(mul(within, rate), mul(found, 1 - rate));
    return mul(weight, div(wanted, add(found, EPSILON)));
  });
}

/** Options of `constraints.unitNorm`. */
export type UnitNormOptions = Given<AxisConfig>;

function unitNorm(options: UnitNormOptions = {}): Constraint {
  const config = withDefaults<AxisConfig>('UnitNorm', options, { axis: 0 });
  checkAxis('UnitNorm', config);
  return new Constraint('UnitNorm', config, (weight) =>
    div(weight, add(norms(weight, config.axis), EPSILON)),
  );
}

function nonNeg(options: object = {}): Constraint {
  return new Constraint('NonNeg', withDefaults('NonNeg', options, {}), (w) => maximum(w, 0));
}

/** The constraints: Keras's, in camelCase. */
export const constraints = {
  /** Norms of at most `maxValue`. */
  maxNorm,
  /** Norms between `minValue` and `maxValue`. */
  minMaxNorm,
  /** Norms of 1. */
  unitNorm,
  /** No negative values: they become 0. */
  nonNeg,
};

/** The names of the constraints. */
export type ConstraintName = keyof typeof constraints;

/** What options take: an object, a name, or what `getConfig()` described. */
export type ConstraintLike = Constraint | ConstraintName | Serialized;

/**
 * The constraint itself, a new one of that name, or the one that `getConfig()` described. Throws
 * ARGUMENT for unknown names and options.
 */
export function constraintOf(constraint: ConstraintLike): Constraint {
  if (constraint instanceof Constraint) return constraint;
  return lookUp('constraint', constraints, constraint);
}
