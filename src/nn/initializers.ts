import { FoveaError } from '../errors.js';
import { Random } from '../random.js';
import { formatShape, sizeOf, type Shape } from '../shape.js';
import type { Parts } from '../tensor.js';
import {
  ANY,
  checkNumbers,
  checkWord,
  lookUp,
  withDefaults,
  type Given,
  type Range,
  type Serialized,
} from './config.js';
import { orthogonalMatrix } from './orthogonal.js';

/** The values, or what draws one after the other. */
type Fill = (shape: Shape, seed: number) => Float32Array | (() => number);

/** Values that are drawn at once. */
const PART = 2 ** 20;

/** Fills new weights. Made by `initializers`. */
export class Initializer {
  /** @param className Keras's name of the class: 'GlorotUniform' */
  constructor(
    readonly className: string,
    private readonly config: object,
    private readonly fill: Fill,
  ) {}

  /** Its name in layer options: 'glorotUniform'. */
  get name(): InitializerName {
    return (this.className[0]!.toLowerCase() + this.className.slice(1)) as InitializerName;
  }

  /**
   * The values of a weight of that shape; equal seeds give equal values. An initializer with a seed
   * of its own takes that one.
   */
  values(shape: Shape, seed: number): Float32Array {
    const values = new Float32Array(sizeOf(shape));
    let at = 0;
    const parts = this.parts(shape, seed);
    parts((part) => {
      values.set(part, at);
      at += part.length;
    });
    return values;
  }

  /** The same values part by part, so that large weights need little memory. */
  parts(shape: Shape, seed: number): Parts<Float32Array> {
    const own: Partial<Seeded> = this.config;
    const filled = this.fill(shape, own.seed ?? seed);
    if (typeof filled !== 'function') return (use) => use(filled);
    return (use) => {
      const size = sizeOf(shape);
      const buffer = new Float32Array(Math.min(PART, size));
      for (let at = 0; at < size; at += PART) {
        const part = buffer.subarray(0, size - at);
        for (let i = 0; i < part.length; i++) part[i] = filled();
        use(part);
      }
    };
  }

  /** What `initializerOf` makes it from again. */
  getConfig(): Serialized {
    return { className: this.className, config: { ...this.config } };
  }
}

/** Options of the initializers that draw random numbers. */
interface Seeded {
  /** Default null: the model's seed decides. */
  readonly seed: number | null;
}
const SEED: Range = { least: 0, most: Number.MAX_SAFE_INTEGER, integer: true, orNull: true };
const NOT_NEGATIVE: Range = { least: 0 };

/** Options of `initializers.glorotUniform` and its like. */
export type SeedOptions = Given<Seeded>;

interface NormalConfig extends Seeded {
  /** Default 0. */
  readonly mean: number;
  /** Default 0.05. */
  readonly stddev: number;
}
/** Options of `initializers.randomNormal` and `initializers.truncatedNormal`. */
export type NormalOptions = Given<NormalConfig>;

function normal(className: string, options: NormalOptions, next: typeof normalOf): Initializer {
  const defaults = { mean: 0, stddev: 0.05, seed: null };
  const config = withDefaults<NormalConfig>(className, options, defaults);
  checkNumbers(className, config, { mean: ANY, stddev: NOT_NEGATIVE, seed: SEED });
  const { mean, stddev } = config;
  return new Initializer(className, config, drawn(next, mean, stddev));
}

interface UniformConfig extends Seeded {
  /** Default -0.05. */
  readonly minval: number;
  /** Default 0.05. */
  readonly maxval: number;
}
/** Options of `initializers.randomUniform`. */
export type UniformOptions = Given<UniformConfig>;

function randomUniform(options: UniformOptions = {}): Initializer {
  const className = 'RandomUniform';
  const defaults = { minval: -0.05, maxval: 0.05, seed: null };
  const config = withDefaults<UniformConfig>(className, options, defaults);
  checkNumbers(className, config, { minval: ANY, maxval: ANY, seed: SEED });
  const { minval, maxval } = config;
  const [middle, limit] = [(minval + maxval) / 2, (maxval - minval) / 2];
  return new Initializer(className, config, drawn(uniformOf, middle, limit));
}

interface VarianceConfig extends Seeded {
  /** The variance is this divided by the fan. Default 1. */
  readonly scale: number;
  /** Which fan: inputs, outputs or their mean. Default 'fan_in'. */
  readonly mode: 'fan_in' | 'fan_out' | 'fan_avg';
  /** Default 'truncated_normal'. */
  readonly distribution: 'truncated_normal' | 'untruncated_normal' | 'uniform';
}
/** Options of `initializers.varianceScaling`. */
export type VarianceScalingOptions = Given<VarianceConfig>;

function varianceScaling(options: VarianceScalingOptions = {}): Initializer {
  const className = 'VarianceScaling';
  const config = withDefaults<VarianceConfig>(className, options, {
    scale: 1,
    mode: 'fan_in',
    distribution: 'truncated_normal',
    seed: null,
  });
  checkNumbers(className, config, { scale: { above: 0 }, seed: SEED });
  checkWord(className, 'mode', config.mode, ['fan_in', 'fan_out', 'fan_avg']);
  const kinds = ['truncated_normal', 'untruncated_normal', 'uniform'] as const;
  checkWord(className, 'distribution', config.distribution, kinds);
  return new Initializer(className, config, scaled(config));
}

/** An initializer that is `varianceScaling` with certain options. */
function scaling(
  className: string,
  scale: number,
  mode: VarianceConfig['mode'],
  distribution: VarianceConfig['distribution'],
): (options?: SeedOptions) => Initializer {
  return (options = {}) => {
    const config = withDefaults<Seeded>(className, options, { seed: null });
    checkNumbers(className, config, { seed: SEED });
    return new Initializer(className, config, scaled({ scale, mode, distribution }));
  };
}

/** Standard deviation of a standard normal that is cut off at two standard deviations. */
const TRUNCATED_DEVIATION = 0.8796256610342398;

function scaled({ scale, mode, distribution }: Omit<VarianceConfig, 'seed'>): Fill {
  return (shape, seed) => {
    const { fanIn, fanOut } = fans(shape);
    const fan = { fan_in: fanIn, fan_out: fanOut, fan_avg: (fanIn + fanOut) / 2 }[mode];
    const variance = scale / Math.max(1, fan);
    const deviation = Math.sqrt(variance);
    const fill = {
      uniform: drawn(uniformOf, 0, Math.sqrt(3 * variance)),
      truncated_normal: drawn(truncatedOf, 0, deviation / TRUNCATED_DEVIATION),
      untruncated_normal: drawn(normalOf, 0, deviation),
    }[distribution];
    return fill(shape, seed);
  };
}

/** Inputs and outputs that a weight connects, as Keras counts them. */
export function fans(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  const last = shape.at(-1) ?? 1;
  if (shape.length < 2) return { fanIn: last, fanOut: last };
  const window = sizeOf(shape.slice(0, -2));
  return { fanIn: window * shape.at(-2)!, fanOut: window * last };
}

const uniformOf = (random: Random): number => 2 * random.uniform() - 1;
const normalOf = (random: Random): number => random.normal();
const truncatedOf = (random: Random): number => {
  let value = random.normal();
  while (Math.abs(value) > 2) value = random.normal();
  return value;
};

/** Draws shift + factor * next(). */
function drawn(next: (random: Random) => number, shift: number, factor: number): Fill {
  return (_, seed) => {
    const random = new Random(seed);
    return () => shift + factor * next(random);
  };
}

/** Options of `initializers.constant`. */
export interface ConstantOptions {
  /** Default 0. */
  readonly value?: number | undefined;
}

function constant(options: ConstantOptions = {}): Initializer {
  const config = withDefaults<{ value: number }>('Constant', options, { value: 0 });
  checkNumbers('Constant', config, { value: ANY });
  return new Initializer('Constant', config, filled(config.value));
}

function filled(value: number): Fill {
  return (shape) => new Float32Array(sizeOf(shape)).fill(value);
}

function withoutOptions(className: string, fill: Fill): (options?: object) => Initializer {
  return (options = {}) => new Initializer(className, withDefaults(className, options, {}), fill);
}

interface GainConfig {
  /** What all values are multiplied by. Default 1. */
  readonly gain: number;
}
/** Options of `initializers.identity`. */
export type IdentityOptions = Given<GainConfig>;
/** Options of `initializers.orthogonal`. */
export type OrthogonalOptions = Given<GainConfig & Seeded>;

function orthogonal(options: OrthogonalOptions = {}): Initializer {
  const className = 'Orthogonal';
  const config = withDefaults<GainConfig & Seeded>(className, options, { gain: 1, seed: null });
  checkNumbers(className, config, { gain: ANY, seed: SEED });
  return new Initializer(className, config, (shape, seed) => {
    if (shape.length < 2) throw unfit(className, 'at least two dimensions', shape);
    const columns = shape.at(-1)!;
    const matrix = orthogonalMatrix(sizeOf(shape) / columns, columns, new Random(seed));
    return Float32Array.from(matrix, (value) => config.gain * value);
  });
}

function identity(options: IdentityOptions = {}): Initializer {
  const className = 'Identity';
  const config = withDefaults<GainConfig>(className, options, { gain: 1 });
  checkNumbers(className, config, { gain: ANY });
  return new Initializer(className, config, (shape) => {
    if (shape.length !== 2) throw unfit(className, 'two dimensions', shape);
    const values = new Float32Array(sizeOf(shape));
    for (let i = 0; i < Math.min(shape[0]!, shape[1]!); i++)
      values[i * (shape[1]! + 1)] = config.gain;
    return values;
  });
}

function unfit(className: string, needs: string, shape: Shape): FoveaError {
  return new FoveaError('SHAPE', `${className}: needs ${needs}, got shape ${formatShape(shape)}`);
}

/** The initializers: Keras's, in camelCase. */
export const initializers = {
  /** Uniform in (-l, l), l = sqrt(6 / (fanIn + fanOut)). Glorot and Bengio, 2010. */
  glorotUniform: scaling('GlorotUniform', 1, 'fan_avg', 'uniform'),
  /** Truncated normal of variance 2 / (fanIn + fanOut). */
  glorotNormal: scaling('GlorotNormal', 1, 'fan_avg', 'truncated_normal'),
  /** Uniform of variance 2 / fanIn. He et al., 2015, arxiv.org/abs/1502.01852. */
  heUniform: scaling('HeUniform', 2, 'fan_in', 'uniform'),
  /** Truncated normal of variance 2 / fanIn. */
  heNormal: scaling('HeNormal', 2, 'fan_in', 'truncated_normal'),
  /** Uniform of variance 1 / fanIn. */
  lecunUniform: scaling('LecunUniform', 1, 'fan_in', 'uniform'),
  /** Truncated normal of variance 1 / fanIn. */
  lecunNormal: scaling('LecunNormal', 1, 'fan_in', 'truncated_normal'),
  /** 0 everywhere. */
  zeros: withoutOptions('Zeros', filled(0)),
  /** 1 everywhere. */
  ones: withoutOptions('Ones', filled(1)),
  /** The same value everywhere. */
  constant,
  /** Normal. */
  randomNormal: (options: NormalOptions = {}): Initializer =>
    normal('RandomNormal', options, normalOf),
  /** Normal, without what is further than two `stddev` from the mean. */
  truncatedNormal: (options: NormalOptions = {}): Initializer =>
    normal('TruncatedNormal', options, truncatedOf),
  /** Uniform from `minval` to `maxval`. */
  randomUniform,
  /** Of a variance that depends on the fans, Keras's: window times channels for convolutions. */
  varianceScaling,
  /** Rows or columns, whichever are fewer, are orthonormal. Saxe et al., arxiv.org/abs/1312.6120. */
  orthogonal,
  /** Ones on the diagonal. */
  identity,
};

/** The names of the initializers. */
export type InitializerName = keyof typeof initializers;

const ALIASES = {
  normal: 'randomNormal',
  uniform: 'randomUniform',
  one: 'ones',
  zero: 'zeros',
  orthogonalinitializer: 'orthogonal',
  identityinitializer: 'identity',
};

/** What options take: an object, a name, or what `getConfig()` described. */
export type InitializerLike = Initializer | InitializerName | Serialized;

/**
 * The initializer itself, a new one of that name, or the one that `getConfig()` described. Throws
 * ARGUMENT for unknown names and options.
 */
export function initializerOf(initializer: InitializerLike): Initializer {
  if (initializer instanceof Initializer) return initializer;
  return lookUp('initializer', initializers, initializer, ALIASES);
}
