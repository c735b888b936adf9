import { lookUp, type Serialized } from './config.js';
import {
  Adam,
  Adamax,
  Lion,
  Nadam,
  type AdamOptions,
  type LionOptions,
  type MomentsOptions,
} from './optimizers/adam.js';
import {
  Adadelta,
  Adagrad,
  type AdadeltaOptions,
  type AdagradOptions,
} from './optimizers/adaptive.js';
import { Optimizer } from './optimizers/optimizer.js';
import { Rmsprop, type RmspropOptions } from './optimizers/rmsprop.js';
import { Sgd, type SgdOptions } from './optimizers/sgd.js';

export { Optimizer, type OptimizerOptions } from './optimizers/optimizer.js';
export type {
  AdadeltaOptions,
  AdagradOptions,
  AdamOptions,
  LionOptions,
  MomentsOptions,
  RmspropOptions,
  SgdOptions,
};

/** The optimizers. */
export const optimizers = {
  /** Gradient descent, with momentum if wanted. Learning rate 0.01. */
  sgd: (options: SgdOptions = {}): Optimizer => new Sgd(options),
  /** Divides by the root of the running mean square of the gradient. Learning rate 0.001. */
  rmsprop: (options: RmspropOptions = {}): Optimizer => new Rmsprop(options),
  /** Kingma and Ba, 2014, arxiv.org/abs/1412.6980. Learning rate 0.001. */
  adam: (options: AdamOptions = {}): Optimizer => new Adam(options),
  /** Adam with weight decay 0.004 by default. Loshchilov and Hutter, arxiv.org/abs/1711.05101. */
  adamw: (options: AdamOptions = {}): Optimizer => new Adam(options, 'AdamW', 0.004),
  /** Divides by the root of the sum of all squared gradients. Learning rate 0.001. */
  adagrad: (options: AdagradOptions = {}): Optimizer => new Adagrad(options),
  /** Zeiler, 2012, arxiv.org/abs/1212.5701, with a learning rate: 0.001. */
  adadelta: (options: AdadeltaOptions = {}): Optimizer => new Adadelta(options),
  /** Adam with the largest size in place of the mean square. Learning rate 0.001. */
  adamax: (options: MomentsOptions = {}): Optimizer => new Adamax(options),
  /** Adam with Nesterov's momentum. Learning rate 0.001. */
  nadam: (options: MomentsOptions = {}): Optimizer => new Nadam(options),
  /** Steps in the direction of the sign. Chen et al., arxiv.org/abs/2302.06675. Rate 0.001. */
  lion: (options: LionOptions = {}): Optimizer => new Lion(options),
};

/** The names of the optimizers. */
export type OptimizerName = keyof typeof optimizers;

/**
 * The optimizer itself, a new one of that name, or the one that `getConfig()` described. Throws
 * ARGUMENT for unknown names and options.
 */
export function optimizerOf(optimizer: Optimizer | OptimizerName | Serialized): Optimizer {
  return optimizer instanceof Optimizer ? optimizer : lookUp('optimizer', optimizers, optimizer);
}
