import { fill } from '../../ops/index.js';
import { keep } from '../../scope.js';
import type { Tensor } from '../../tensor.js';
import { AT_LEAST_0, checkFlags, checkNumbers, SHARE, type Given } from '../config.js';
import type { Weight } from '../layer.js';
import type { LossScale } from '../loss_scale.js';
import { updateInPlace } from '../update.js';
import { Optimizer, powerF32, restF32, type OptimizerConfig, type Step } from './optimizer.js';

interface MomentsConfig extends OptimizerConfig {
  /** Share of the mean gradient that stays at each step. Default 0.9. */
  readonly beta1: number;
  /** Share of the mean square (in Adamax: of the largest size) that stays. Default 0.999. */
  readonly beta2: number;
  /** Default 1e-7. */
  readonly epsilon: number;
}

interface AdamConfig extends MomentsConfig {
  /** Whether the largest mean square so far is used. Default false. */
  readonly amsgrad: boolean;
}

/** Options of `optimizers.adam` and `optimizers.adamw`. */
export type AdamOptions = Given<AdamConfig>;
/** Options of `optimizers.adamax` and `optimizers.nadam`. */
export type MomentsOptions = Given<MomentsConfig>;

const DEFAULTS = { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

function checkMoments(className: string, config: MomentsConfig): void {
  checkNumbers(className, config, { beta1: SHARE, beta2: SHARE, epsilon: AT_LEAST_0 });
}

/** Adam, and AdamW. */
export class Adam extends Optimizer<AdamConfig> {
  constructor(options: AdamOptions, className = 'Adam', weightDecay: number | null = null) {
    super(className, options, { ...DEFAULTS, weightDecay, amsgrad: false });
    checkMoments(this.className, this.config);
    checkFlags(this.className, this.config, 'amsgrad');
  }

  protected get slotNames(): string[][] {
    return [['momentum', 'velocity'], ...(this.config.amsgrad ? [['velocity_hat']] : [])];
  }

  protected step(t: () => number, learningRate: () => number): Step {
    const { beta1, beta2, epsilon, amsgrad } = this.config;
    const alpha = (): number =>
      (learningRate() * Math.sqrt(1 - powerF32(beta2, t()))) / (1 - powerF32(beta1, t()));
    const params = { alpha, rest1: 1 - beta1, rest2: 1 - beta2, epsilon };
    return { shader: 'optimizer_adam', flags: { AMSGRAD: amsgrad }, params };
  }
}

/** Adam with the largest size of the gradient in place of the mean square. */
export class Adamax extends Optimizer<MomentsConfig> {
  protected readonly slotNames = [['momentum', 'norm']];

  constructor(options: MomentsOptions) {
    super('Adamax', options, DEFAULTS);
    checkMoments(this.className, this.config);
  }

  protected step(t: () => number, lr: () => number): Step {
    const { beta1, beta2, epsilon } = this.config;
    const left = (): number => 1 - powerF32(beta1, t());
    const params = { lr, left, rest1: 1 - beta1, beta2, epsilon };
    return { shader: 'optimizer_adamax', params };
  }
}

/** Adam with Nesterov's momentum. */
export class Nadam extends Optimizer<MomentsConfig> {
  protected readonly slotNames = [['momentum', 'velocity']];
  /** Product of the momentums of all steps so far, a number. */
  private product: Tensor | undefined;

  constructor(options: MomentsOptions) {
    super('Nadam', options, DEFAULTS);
    checkMoments(this.className, this.config);
  }

  protected step(t: () => number, lr: () => number, lossScale?: LossScale): Step {
    const { beta1, beta2, epsilon } = this.config;
    const momentum = (at: number): number => Math.fround(beta1) * (1 - 0.5 * powerF32(0.96, at));
    const now = (): number => momentum(t());
    const next = (): number => momentum(t() + 1);
    const product = this.momentumProduct();
    const skip = lossScale && { overflow: lossScale.overflow };
    const flags = { LOSS_SCALE: skip !== undefined };
    updateInPlace('optimizer_nadam_product', flags, { product, ...skip }, { now });
    return {
      shader: 'optimizer_nadam',
      params: {
        lr,
        now,
        next,
        rest1: restF32(beta1),
        rest2: restF32(beta2),
        epsilon,
        left: () => 1 - powerF32(beta2, t()),
      },
      extra: { product },
    };
  }

  /** With the product of the momentums, as 'u_product'. */
  override state(weights: readonly Weight[]): Map<string, Tensor> {
    return super.state(weights).set('u_product', this.momentumProduct());
  }

  override countParams(weights: readonly Weight[]): number {
    return super.countParams(weights) + 1;
  }

  override dispose(): void {
    super.dispose();
    this.product?.dispose();
    this.product = undefined;
  }

  private momentumProduct(): Tensor {
    return (this.product ??= keep(fill([], 1)));
  }
}

interface LionConfig extends OptimizerConfig {
  /** Share of the momentum in each step. Default 0.9. */
  readonly beta1: number;
  /** Share of the momentum that stays at each step. Default 0.99. */
  readonly beta2: number;
}

/** Options of `optimizers.lion`. */
export type LionOptions = Given<LionConfig>;

/** Steps of equal size in the direction of the sign. */
export class Lion extends Optimizer<LionConfig> {
  protected readonly slotNames = [['momentum']];

  constructor(options: LionOptions) {
    super('Lion', options, { learningRate: 0.001, beta1: 0.9, beta2: 0.99 });
    checkNumbers<LionConfig>(this.className, this.config, {
      beta1: { above: 0, most: 1 },
      beta2: { least: 0, most: 1 },
    });
  }

  protected step(_t: () => number, lr: () => number): Step {
    const { beta1, beta2 } = this.config;
    const params = {
      lr,
      beta1,
      rest1: restF32(beta1),
      beta2,
      rest2: restF32(beta2),
    };
    return { shader: 'optimizer_lion', params };
  }
}
