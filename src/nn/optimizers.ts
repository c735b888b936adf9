import { FoveaError } from '../errors.js';
import { zeros } from '../ops/index.js';
import { keep } from '../scope.js';
import type { Tensor } from '../tensor.js';
import type { Weight } from './layer.js';
import { updateInPlace } from './update.js';

/** Options of every optimizer. */
export interface OptimizerOptions {
  readonly learningRate?: number;
  /** Each step first takes learningRate * weightDecay * w away from every weight w. Default 0. */
  readonly weightDecay?: number;
}

/** What an optimizer is made from again: its class in Keras and its options. */
export interface OptimizerConfig {
  readonly className: string;
  readonly options: Readonly<Record<string, number | boolean>>;
}

/**
 * Updates weights in place from their gradients, one kernel per weight. Formulas, defaults and the
 * order of the steps are those of Keras 3.
 */
export abstract class Optimizer {
  /** Keras's name of the class: 'Adam'. */
  abstract readonly className: string;
  /** Number of steps done. */
  iterations = 0;
  /** May be changed between steps. */
  learningRate: number;
  protected readonly weightDecay: number;
  private readonly slots = new Map<Tensor, Readonly<Record<string, Tensor>>>();

  constructor({ learningRate, weightDecay }: Required<OptimizerOptions>) {
    this.learningRate = atLeastZero('learningRate', learningRate);
    this.weightDecay = atLeastZero('weightDecay', weightDecay);
  }

  /** Names of the tensors kept for each weight, of the weight's shape and at first zero. */
  protected abstract readonly slotNames: readonly string[];

  /** One update of `w` by its gradient `g`; `t` counts steps from 1. */
  protected abstract update(
    tensors: Readonly<Record<string, Tensor>>,
    decay: number,
    t: number,
  ): void;

  /** The options, for saving. */
  abstract getConfig(): OptimizerConfig;

  /** One step: updates every trainable weight that has a gradient, and frees the gradients. */
  apply(weights: readonly Weight[]): void {
    const t = this.iterations + 1;
    for (const { value: w, trainable } of weights) {
      if (!w.grad) continue;
      if (trainable) {
        const decay = this.weightDecay * this.learningRate;
        this.update({ w, g: w.grad, ...this.slotsOf(w) }, decay, t);
      }
      w.grad.dispose();
      w.grad = undefined;
    }
    this.iterations = t;
  }

  /** The tensors kept between steps, under names as 'conv2d/kernel/m'; made if there are none. */
  state(weights: readonly Weight[]): Map<string, Tensor> {
    const state = new Map<string, Tensor>();
    for (const { name, value, trainable } of weights) {
      if (!trainable) continue;
      const slots = Object.entries(this.slotsOf(value));
      for (const [slot, tensor] of slots) state.set(`${name}/${slot}`, tensor);
    }
    return state;
  }

  /** Number of values kept between steps, with the step count and learning rate, as Keras counts. */
  countParams(weights: readonly Weight[]): number {
    const trained = weights.filter((weight) => weight.trainable);
    const perSlot = trained.reduce((sum, { value }) => sum + value.size, 0);
    return perSlot * this.slotNames.length + 2;
  }

  /** Frees what is kept between steps. */
  dispose(): void {
    for (const slots of this.slots.values()) {
      for (const tensor of Object.values(slots)) tensor.dispose();
    }
    this.slots.clear();
  }

  private slotsOf(w: Tensor): Readonly<Record<string, Tensor>> {
    let slots = this.slots.get(w);
    if (!slots) {
      slots = Object.fromEntries(this.slotNames.map((name) => [name, keep(zeros(w.shape))]));
      this.slots.set(w, slots);
    }
    return slots;
  }
}

/** Options of `optimizers.sgd`. */
export interface SgdOptions extends OptimizerOptions {
  /** Default 0: none. */
  readonly momentum?: number;
  /** Whether the gradient is taken after the momentum's step. Default false. */
  readonly nesterov?: boolean;
}

class Sgd extends Optimizer {
  readonly className = 'SGD';
  private readonly momentum: number;
  private readonly nesterov: boolean;

  constructor(options: SgdOptions) {
    const { learningRate = 0.01, weightDecay = 0, momentum = 0, nesterov = false } = options;
    super({ learningRate, weightDecay });
    this.momentum = share('momentum', momentum);
    this.nesterov = nesterov;
  }

  protected get slotNames(): readonly string[] {
    return this.momentum > 0 ? ['m'] : [];
  }

  protected update(tensors: Readonly<Record<string, Tensor>>, decay: number): void {
    const { momentum, nesterov, learningRate: lr } = this;
    const flags = { MOMENTUM: momentum > 0, NESTEROV: nesterov };
    updateInPlace('optimizer_sgd', flags, tensors, { decay, lr, momentum });
  }

  getConfig(): OptimizerConfig {
    const { className, learningRate, weightDecay, momentum, nesterov } = this;
    return { className, options: { learningRate, weightDecay, momentum, nesterov } };
  }
}

/** Options of `optimizers.rmsprop`. */
export interface RmspropOptions extends OptimizerOptions {
  /** Share of the mean square that stays at each step. Default 0.9. */
  readonly rho?: number;
  /** Default 0: none. */
  readonly momentum?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
  /** Whether the variance of the gradient is used instead of its mean square. Default false. */
  readonly centered?: boolean;
}

class Rmsprop extends Optimizer {
  readonly className = 'RMSprop';
  private readonly rho: number;
  private readonly momentum: number;
  private readonly epsilon: number;
  private readonly centered: boolean;

  constructor(options: RmspropOptions) {
    const { learningRate = 0.001, weightDecay = 0 } = options;
    super({ learningRate, weightDecay });
    this.rho = share('rho', options.rho ?? 0.9);
    this.momentum = share('momentum', options.momentum ?? 0);
    this.epsilon = atLeastZero('epsilon', options.epsilon ?? 1e-7);
    this.centered = options.centered ?? false;
  }

  protected get slotNames(): readonly string[] {
    return ['v', ...(this.centered ? ['a'] : []), ...(this.momentum > 0 ? ['b'] : [])];
  }

  protected update(tensors: Readonly<Record<string, Tensor>>, decay: number): void {
    const { rho, momentum, epsilon, centered, learningRate: lr } = this;
    const flags = { MOMENTUM: momentum > 0, CENTERED: centered };
    const params = { decay, lr, rho, rest: 1 - rho, momentum, epsilon };
    updateInPlace('optimizer_rmsprop', flags, tensors, params);
  }

  getConfig(): OptimizerConfig {
    const { className, learningRate, weightDecay, rho, momentum, epsilon, centered } = this;
    const options = { learningRate, weightDecay, rho, momentum, epsilon, centered };
    return { className, options };
  }
}

/** Options of `optimizers.adam` and `optimizers.adamw`. */
export interface AdamOptions extends OptimizerOptions {
  /** Share of the mean gradient that stays at each step. Default 0.9. */
  readonly beta1?: number;
  /** Share of the mean square that stays at each step. Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
}

class Adam extends Optimizer {
  readonly className: string = 'Adam';
  protected readonly slotNames = ['m', 'v'];
  private readonly beta1: number;
  private readonly beta2: number;
  private readonly epsilon: number;

  constructor(options: AdamOptions) {
    const { learningRate = 0.001, weightDecay = 0 } = options;
    super({ learningRate, weightDecay });
    this.beta1 = share('beta1', options.beta1 ?? 0.9);
    this.beta2 = share('beta2', options.beta2 ?? 0.999);
    this.epsilon = atLeastZero('epsilon', options.epsilon ?? 1e-7);
  }

  protected update(tensors: Readonly<Record<string, Tensor>>, decay: number, t: number): void {
    const { beta1, beta2, epsilon, learningRate } = this;
    const alpha = (learningRate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
    const params = { decay, alpha, rest1: 1 - beta1, rest2: 1 - beta2, epsilon };
    updateInPlace('optimizer_adam', {}, tensors, params);
  }

  getConfig(): OptimizerConfig {
    const { className, learningRate, weightDecay, beta1, beta2, epsilon } = this;
    return { className, options: { learningRate, weightDecay, beta1, beta2, epsilon } };
  }
}

class AdamW extends Adam {
  override readonly className = 'AdamW';

  constructor(options: AdamOptions) {
    super({ weightDecay: 0.004, ...options });
  }
}

/** The optimizers. */
export const optimizers = {
  /** Gradient descent, with momentum if wanted. Learning rate 0.01. */
  sgd: (options: SgdOptions = {}): Optimizer => new Sgd(options),
  /** Divides by the root of the running mean square of the gradient. Learning rate 0.001. */
  rmsprop: (options: RmspropOptions = {}): Optimizer => new Rmsprop(options),
  /** Kingma and Ba, 2014, arxiv.org/abs/1412.6980. Learning rate 0.001. */
  adam: (options: AdamOptions = {}): Optimizer => new Adam(options),
  /** Adam with weight decay 0.004 by default. Loshchilov and Hutter, arxiv.org/abs/1711.05101. */
  adamw: (options: AdamOptions = {}): Optimizer => new AdamW(options),
};

/** The names of the optimizers. */
export type OptimizerName = keyof typeof optimizers;

/** The optimizer itself, or a new one of that name. Throws ARGUMENT for unknown names. */
export function optimizerOf(optimizer: Optimizer | OptimizerName): Optimizer {
  if (optimizer instanceof Optimizer) return optimizer;
  if (Object.hasOwn(optimizers, optimizer)) return optimizers[optimizer]();
  throw unknownOptimizer(optimizer);
}

/** The optimizer that `getConfig()` described. */
export function optimizerFromConfig({ className, options }: OptimizerConfig): Optimizer {
  const name = className.toLowerCase();
  if (Object.hasOwn(optimizers, name)) return optimizers[name as OptimizerName](options);
  throw unknownOptimizer(className);
}

function unknownOptimizer(name: string): FoveaError {
  const allowed = Object.keys(optimizers).map((known) => `'${known}'`);
  return new FoveaError(
    'ARGUMENT',
    `optimizer '${name}' is unknown; allowed are ${allowed.join(', ')}`,
    { hint: 'Or an optimizer with options of its own: optimizers.adam({ learningRate: 0.01 }).' },
  );
}

function atLeastZero(option: string, value: number): number {
  if (value >= 0 && value < Infinity) return value;
  throw new FoveaError('ARGUMENT', `optimizer: ${option} must be at least 0, got ${String(value)}`);
}

function share(option: string, value: number): number {
  if (value >= 0 && value < 1) return value;
  throw new FoveaError(
    'ARGUMENT',
    `optimizer: ${option} must be at least 0 and less than 1, got ${String(value)}`,
  );
}
