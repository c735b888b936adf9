import { checkFlags, checkNumbers, type Given } from '../config.js';
import { Optimizer, type OptimizerConfig, type Step } from './optimizer.js';

interface SgdConfig extends OptimizerConfig {
  /** Default 0: none. */
  readonly momentum: number;
  /** Whether the gradient is taken after the momentum's step. Default false. */
  readonly nesterov: boolean;
}

/** Options of `optimizers.sgd`. */
export type SgdOptions = Given<SgdConfig>;

/** Gradient descent. */
export class Sgd extends Optimizer<SgdConfig> {
  constructor(options: SgdOptions) {
    super('SGD', options, { learningRate: 0.01, momentum: 0, nesterov: false });
    checkNumbers<SgdConfig>(this.className, this.config, { momentum: { least: 0, most: 1 } });
    checkFlags(this.className, this.config, 'nesterov');
  }

  protected get slotNames(): string[][] {
    return this.config.momentum > 0 ? [['momentum']] : [];
  }

  protected step(_t: () => number, lr: () => number): Step {
    const { momentum: mu, nesterov } = this.config;
    const flags = { MOMENTUM: mu > 0, NESTEROV: nesterov };
    return { shader: 'optimizer_sgd', flags, params: { lr, mu } };
  }
}
