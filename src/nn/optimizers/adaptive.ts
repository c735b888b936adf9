import { AT_LEAST_0, checkNumbers, SHARE, type Given } from '../config.js';
import { Optimizer, type OptimizerConfig, type Step } from './optimizer.js';

interface AdagradConfig extends OptimizerConfig {
  /** What the sum of squares begins with. Default 0.1. */
  readonly initialAccumulatorValue: number;
  /** Default 1e-7. */
  readonly epsilon: number;
}

/** Options of `optimizers.adagrad`. */
export type AdagradOptions = Given<AdagradConfig>;

/** Divides by the root of the sum of all squared gradients. */
export class Adagrad extends Optimizer<AdagradConfig> {
  protected readonly slotNames = [['accumulator']];
  protected override readonly firstValue: number;

  constructor(options: AdagradOptions) {
    super('Adagrad', options, { learningRate: 0.001, initialAccumulatorValue: 0.1, epsilon: 1e-7 });
    checkNumbers<AdagradConfig>(this.className, this.config, {
      initialAccumulatorValue: AT_LEAST_0,
      epsilon: AT_LEAST_0,
    });
    this.firstValue = this.config.initialAccumulatorValue;
  }

  protected step(_t: () => number, lr: () => number): Step {
    return { shader: 'optimizer_adagrad', params: { lr, epsilon: this.config.epsilon } };
  }
}

interface AdadeltaConfig extends OptimizerConfig {
  /** Share of both mean squares that stays at each step. Default 0.95. */
  readonly rho: number;
  /** Default 1e-7. */
  readonly epsilon: number;
}

/** Options of `optimizers.adadelta`. */
export type AdadeltaOptions = Given<AdadeltaConfig>;

/** Steps as large as the steps before, whatever the size of the gradient. */
export class Adadelta extends Optimizer<AdadeltaConfig> {
  protected readonly slotNames = [['accumulated_grad', 'accumulated_delta_var']];

  constructor(options: AdadeltaOptions) {
    super('Adadelta', options, { learningRate: 0.001, rho: 0.95, epsilon: 1e-7 });
    checkNumbers<AdadeltaConfig>(this.className, this.config, { rho: SHARE, epsilon: AT_LEAST_0 });
  }

  protected step(_t: () => number, lr: () => number): Step {
    const { rho, epsilon } = this.config;
    return { shader: 'optimizer_adadelta', params: { lr, rho, rest: 1 - rho, epsilon } };
  }
}
