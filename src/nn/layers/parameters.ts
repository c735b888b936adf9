import { constraintOf, type Constraint, type ConstraintLike } from '../constraints.js';
import { initializerOf, type Initializer, type InitializerLike } from '../initializers.js';
import type { LayerOptions, WeightOptions } from '../layer.js';
import { regularizerOf, type Regularizer, type RegularizerLike } from '../regularizers.js';

/** The options of a layer without those of every layer, all given. */
export type Own<O extends LayerOptions> = {
  readonly [K in Exclude<keyof O, keyof LayerOptions>]-?: Exclude<O[K], undefined>;
};

/** Options of the kernel of a layer. */
export interface KernelOptions {
  /** Default 'glorotUniform'. */
  readonly kernelInitializer?: InitializerLike | undefined;
  /** Added to the loss. Default: none. */
  readonly kernelRegularizer?: RegularizerLike | null | undefined;
  /** Applied after each update. Default: none. */
  readonly kernelConstraint?: ConstraintLike | null | undefined;
}

/** Options of the bias of a layer. */
export interface BiasOptions {
  /** Default true. */
  readonly useBias?: boolean | undefined;
  /** Default 'zeros'. */
  readonly biasInitializer?: InitializerLike | undefined;
  /** Added to the loss. Default: none. */
  readonly biasRegularizer?: RegularizerLike | null | undefined;
  /** Applied after each update. Default: none. */
  readonly biasConstraint?: ConstraintLike | null | undefined;
}

/** Keras's defaults of `KernelOptions`. */
export const KERNEL = {
  kernelInitializer: 'glorotUniform',
  kernelRegularizer: null,
  kernelConstraint: null,
} as const;

/** Keras's defaults of `BiasOptions`. */
export const BIAS = {
  useBias: true,
  biasInitializer: 'zeros',
  biasRegularizer: null,
  biasConstraint: null,
} as const;

/** Replaces the names in options that end in Initializer, Regularizer and Constraint by objects. */
export function resolveWeights<C extends object>(config: C): C {
  const entries = Object.entries(config).map(([key, value]: [string, unknown]) => {
    if (value === null) return [key, value];
    if (key.endsWith('Initializer')) return [key, initializerOf(value as InitializerLike)];
    if (key.endsWith('Regularizer')) return [key, regularizerOf(value as RegularizerLike)];
    if (key.endsWith('Constraint')) return [key, constraintOf(value as ConstraintLike)];
    return [key, value];
  });
  return Object.fromEntries(entries) as C;
}

/** How the weight is made that options name with `prefix`: 'kernel'. After `resolveWeights`. */
export function weightOptions(config: object, prefix: string): WeightOptions {
  const all = config as Readonly<Record<string, unknown>>;
  return {
    initializer: all[`${prefix}Initializer`] as Initializer,
    regularizer: (all[`${prefix}Regularizer`] ?? undefined) as Regularizer | undefined,
    constraint: (all[`${prefix}Constraint`] ?? undefined) as Constraint | undefined,
  };
}
