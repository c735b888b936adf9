import { AT_LEAST_0, checkFlags, checkNumbers, SHARE, type Given } from '../config.js';
import { Optimizer, type OptimizerConfig, type Step } from './optimizer.js';

interface RmspropConfig extends OptimizerConfig {
  /** Share of the mean square that stays at each step. Default 0.9. */
  readonly rho: number;
  /** Default 0: none. */
  readonly momentum: number;
  /** Default 1e-7. */
  readonly epsilon: number;
  /** Whether the variance of the gradient is used instead of its mean square. Default false. */
  readonly centered: boolean;
}

/** Options of `optimizers.rmsprop`. */
export type RmspropOptions = Given<RmspropConfig>;

/** Divides by the root of the running mean square of the gradient. */
export class Rmsprop extends Optimizer<RmspropConfig> {
  constructor(options: RmspropOptions) {
    super('RMSprop', options, {
      learningRate: 0.001,
      rho: 0.9,
      momentum: 0,
      epsilon: 1e-7,
      centered: false,
    });
    checkNumbers<RmspropConfig>(this.className, this.config, {
      rho: SHARE,
      momentum: { least: 0, most: 1 },
      epsilon: AT_LEAST_0,
    });
    checkFlags(this.className, this.config, 'centered');
  }

  protected get slotNames(): string[][] {
    const { momentum, centered } = this.config;
    return [
      ['velocity'],
      ...(momentum > 0 ? [['momentum']] : []),
      ...(centered ? [['average_gradient']] : []),
    ];
  }

  protected step(_t: () => number, lr: () => number): Step {
    const { rho, momentum: mu, epsilon, centered } = this.config;
    const flags = { MOMENTUM: mu > 0, CENTERED: centered };
    return { shader: 'optimizer_rmsprop', flags, params: { lr, rho, rest: 1 - rho, mu, epsilon } };
  }
}
