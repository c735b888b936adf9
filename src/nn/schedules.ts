import { FoveaError } from '../errors.js';
import {
  ANY,
  checkFlags,
  checkNumbers,
  lookUp,
  withDefaults,
  type Given,
  type Range,
  type Serialized,
} from './config.js';

/** A learning rate that depends on the step. Made by `schedules`. */
export class Schedule {
  /**
   * @param className Keras's name of the class: 'ExponentialDecay'
   * @param at the learning rate of a step; steps count from 0
   */
  constructor(
    readonly className: string,
    private readonly config: object,
    readonly at: (step: number) => number,
  ) {}

  /** What `scheduleOf` makes it from again. */
  getConfig(): Serialized {
    return { className: this.className, config: { ...this.config } };
  }
}

const ABOVE_0: Range = { above: 0 };

/** Options of `schedules.exponentialDecay` and `schedules.inverseTimeDecay`. */
export interface RateDecayConfig {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  readonly decayRate: number;
  /** Whether it changes only after every `decaySteps` steps. Default false. */
  readonly staircase: boolean;
}
/** What may be left out has a default. */
export type RateDecayOptions = Pick<
  RateDecayConfig,
  'initialLearningRate' | 'decaySteps' | 'decayRate'
> &
  Given<RateDecayConfig>;

function rateDecay(
  className: string,
  options: Given<RateDecayConfig>,
  rate: (config: RateDecayConfig, progress: number) => number,
): Schedule {
  const config = withDefaults<RateDecayConfig>(className, options, {
    initialLearningRate: undefined,
    decaySteps: undefined,
    decayRate: undefined,
    staircase: false,
  });
  const { decaySteps, staircase } = config;
  checkNumbers(className, config, {
    initialLearningRate: ANY,
    decaySteps: ABOVE_0,
    decayRate: ANY,
  });
  checkFlags(className, config, 'staircase');
  return new Schedule(className, config, (step) => {
    const progress = step / decaySteps;
    return rate(config, staircase ? Math.floor(progress) : progress);
  });
}

/** Options of `schedules.piecewiseConstantDecay`. */
export interface PiecewiseConstantDecayOptions {
  /** The last steps of all values but the last. */
  readonly boundaries: readonly number[];
  /** One more than there are boundaries. */
  readonly values: readonly number[];
}

function piecewiseConstantDecay(options: PiecewiseConstantDecayOptions): Schedule {
  const className = 'PiecewiseConstantDecay';
  const config = withDefaults<PiecewiseConstantDecayOptions>(className, options, {
    boundaries: undefined,
    values: undefined,
  });
  const { boundaries, values } = config;
  const lists = [boundaries, values];
  if (!lists.every((list) => Array.isArray(list) && list.every(Number.isFinite))) {
    throw new FoveaError(
      'ARGUMENT',
      `${className}: boundaries and values must be lists of numbers`,
    );
  }
  if (boundaries.length === 0 || values.length !== boundaries.length + 1) {
    throw new FoveaError(
      'ARGUMENT',
      `${className}: needs boundaries, and one value more than boundaries, ` +
        `got ${boundaries.length} boundaries and ${values.length} values`,
    );
  }
  return new Schedule(className, config, (step) => {
    const first = boundaries.findIndex((boundary) => step <= boundary);
    return values.at(first)!;
  });
}

/** Options of `schedules.polynomialDecay`. */
export interface PolynomialDecayConfig {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  /** Default 0.0001. */
  readonly endLearningRate: number;
  /** Default 1: a straight line. */
  readonly power: number;
  /** Whether it rises again after `decaySteps`, and falls more slowly each time. Default false. */
  readonly cycle: boolean;
}
/** What may be left out has a default. */
export type PolynomialDecayOptions = Pick<
  PolynomialDecayConfig,
  'initialLearningRate' | 'decaySteps'
> &
  Given<PolynomialDecayConfig>;

function polynomialDecay(options: PolynomialDecayOptions): Schedule {
  const className = 'PolynomialDecay';
  const config = withDefaults<PolynomialDecayConfig>(className, options, {
    initialLearningRate: undefined,
    decaySteps: undefined,
    endLearningRate: 0.0001,
    power: 1,
    cycle: false,
  });
  const { initialLearningRate: initial, decaySteps, endLearningRate: end, power, cycle } = config;
  checkNumbers(className, config, {
    initialLearningRate: ANY,
    decaySteps: ABOVE_0,
    endLearningRate: ANY,
    power: ANY,
  });
  checkFlags(className, config, 'cycle');
  return new Schedule(className, config, (step) => {
    const steps = cycle ? decaySteps * Math.max(1, Math.ceil(step / decaySteps)) : decaySteps;
    const rest = 1 - Math.min(step, steps) / steps;
    return (initial - end) * rest ** power + end;
  });
}

/** Options of `schedules.cosineDecay`. */
export interface CosineDecayConfig {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  /** The learning rate at the end, as a share of that at the beginning. Default 0. */
  readonly alpha: number;
  /** Where the learning rate rises to before it falls, in a line. Default null: it only falls. */
  readonly warmupTarget: number | null;
  /** Default 0. Only with `warmupTarget`. */
  readonly warmupSteps: number;
}
/** What may be left out has a default. */
export type CosineDecayOptions = Pick<CosineDecayConfig, 'initialLearningRate' | 'decaySteps'> &
  Given<CosineDecayConfig>;

function cosineDecay(options: CosineDecayOptions): Schedule {
  const className = 'CosineDecay';
  const config = withDefaults<CosineDecayConfig>(className, options, {
    initialLearningRate: undefined,
    decaySteps: undefined,
    alpha: 0,
    warmupTarget: null,
    warmupSteps: 0,
  });
  const { initialLearningRate: initial, decaySteps, alpha, warmupTarget, warmupSteps } = config;
  checkNumbers(className, config, {
    initialLearningRate: ANY,
    decaySteps: ABOVE_0,
    alpha: ANY,
    warmupTarget: { orNull: true },
    warmupSteps: { least: 0 },
  });
  const decayed = (from: number, step: number): number => {
    const cosine = Math.cos((Math.PI * Math.min(step, decaySteps)) / decaySteps);
    return from * ((1 - alpha) * 0.5 * (1 + cosine) + alpha);
  };
  return new Schedule(className, config, (step) => {
    if (warmupTarget === null) return decayed(initial, step);
    if (step < warmupSteps) return initial + ((warmupTarget - initial) * step) / warmupSteps;
    return decayed(warmupTarget, step - warmupSteps);
  });
}

/** Options of `schedules.cosineDecayRestarts`. */
export interface CosineDecayRestartsConfig {
  readonly initialLearningRate: number;
  readonly firstDecaySteps: number;
  /** How many times longer each period is than the one before, at least 1. Default 2. */
  readonly tMul: number;
  /** How many times larger each period begins than the one before. Default 1. */
  readonly mMul: number;
  /** The smallest learning rate, as a share of the first. Default 0. */
  readonly alpha: number;
}
/** What may be left out has a default. */
export type CosineDecayRestartsOptions = Pick<
  CosineDecayRestartsConfig,
  'initialLearningRate' | 'firstDecaySteps'
> &
  Given<CosineDecayRestartsConfig>;

function cosineDecayRestarts(options: CosineDecayRestartsOptions): Schedule {
  const className = 'CosineDecayRestarts';
  const config = withDefaults<CosineDecayRestartsConfig>(className, options, {
    initialLearningRate: undefined,
    firstDecaySteps: undefined,
    tMul: 2,
    mMul: 1,
    alpha: 0,
  });
  const { initialLearningRate: initial, firstDecaySteps, tMul, mMul, alpha } = config;
  checkNumbers(className, config, {
    initialLearningRate: ANY,
    firstDecaySteps: ABOVE_0,
    tMul: { least: 1 },
    mMul: ANY,
    alpha: ANY,
  });
  return new Schedule(className, config, (step) => {
    const [restarts, progress] = period(step / firstDecaySteps, tMul);
    const cosine = 0.5 * mMul ** restarts * (1 + Math.cos(Math.PI * progress));
    return initial * ((1 - alpha) * cosine + alpha);
  });
}

/**
 * Which period a time is in, and how far. Periods are 1, growth, growth^2 ... long. Counted, and
 * not taken from a logarithm, which can be off by one at the beginning of a period.
 */
function period(time: number, growth: number): [number, number] {
  if (growth === 1) return [Math.floor(time), time % 1];
  let [index, length, rest] = [0, 1, time];
  for (; rest >= length; index++) {
    rest -= length;
    length *= growth;
  }
  return [index, rest / length];
}

/** The learning rate schedules: Keras's, in camelCase. Optimizers take them as `learningRate`. */
export const schedules = {
  /** initial * decayRate^(step / decaySteps). */
  exponentialDecay: (options: RateDecayOptions): Schedule =>
    rateDecay('ExponentialDecay', options, (c, t) => c.initialLearningRate * c.decayRate ** t),
  /** initial / (1 + decayRate * step / decaySteps). */
  inverseTimeDecay: (options: RateDecayOptions): Schedule =>
    rateDecay('InverseTimeDecay', options, (c, t) => c.initialLearningRate / (1 + c.decayRate * t)),
  /** values[i] up to and including step boundaries[i], then the last value. */
  piecewiseConstantDecay,
  /** (initial - end) * (1 - step / decaySteps)^power + end. */
  polynomialDecay,
  /** From the initial rate (or from `warmupTarget`, after a rise) to alpha times it, in half a cosine. */
  cosineDecay,
  /** Half a cosine again and again. */
  cosineDecayRestarts,
};

/** The names of the schedules. */
export type ScheduleName = keyof typeof schedules;

/** The schedule itself, or the one that `getConfig()` described. Throws ARGUMENT otherwise. */
export function scheduleOf(schedule: Schedule | Serialized): Schedule {
  return schedule instanceof Schedule ? schedule : lookUp('schedule', schedules, schedule);
}
