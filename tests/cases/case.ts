import type { Tensor } from '../../src/tensor.js';
import { random, type Array64 } from '../reference/array.js';
import { numericGradient, type Discrepancy } from '../reference/gradient.js';

type Arrays = readonly Array64[];
type Tensors = readonly Tensor[];

export type Gradients = readonly (Array64 | undefined)[];

/** One call of one public op, with inputs and the float64 reference. */
export interface OpCase {
  /** Readable: 'k3x3 s2 same d1 g1 n3 9x7 c5->8'. */
  readonly name: string;
  /** Float inputs in order. Every value is exactly representable in float32. */
  readonly inputs: Arrays;
  /** Integer inputs (int32), never differentiated. */
  readonly labels?: Arrays;
  /** Calls the public op. */
  readonly gpu: (inputs: Tensors, labels: Tensors) => Tensor;
  readonly forward: (inputs: Arrays, labels: Arrays) => Array64;
  /** Reference gradients, one per float input. Absent: `numericGradient`. */
  readonly backward?: (inputs: Arrays, labels: Arrays, dy: Array64) => Gradients;
  /** Per float input. All false for ops without a gradient. */
  readonly differentiable: readonly boolean[];
}

/** Largest allowed relative L2 error, and largest error over largest reference value. */
export type Tolerance = Discrepancy;

export interface Tolerances {
  readonly forward: Tolerance;
  readonly backward: Tolerance;
}

export interface OpFamily {
  readonly op: string;
  readonly cases: readonly OpCase[];
  readonly tolerance: Tolerances;
}

const EXACT: Tolerance = { l2: 0, max: 0 };
/** One float32 rounding, or an exact result against a numeric gradient. */
const ROUNDED: Tolerance = { l2: 1e-7, max: 1e-7 };
const SHORT_SUM: Tolerance = { l2: 3e-7, max: 2e-6 };
const SUM: Tolerance = { l2: 2e-6, max: 2e-5 };
const LONG_SUM: Tolerance = { l2: 3e-6, max: 3e-5 };
const TRANSCENDENTAL: Tolerance = { l2: 5e-6, max: 5e-5 };
const LOOSE: Tolerance = { l2: 1e-5, max: 1e-4 };

/** What float32 kernels reach, by kind of op; measured errors are 3 to 10 times smaller. */
export const tolerances = {
  /** Copies and choices: max pooling, relu, slices. */
  exact: { forward: EXACT, backward: ROUNDED },
  /** Choices whose gradient adds up a few values: overlapping pools, gather, broadcasting. */
  choice: { forward: EXACT, backward: SHORT_SUM },
  /** One operation per element. */
  rounded: { forward: SHORT_SUM, backward: SHORT_SUM },
  /** Dot products and sums. The filter gradient sums over the whole batch. */
  sum: { forward: SUM, backward: LONG_SUM },
  /** exp, log, tanh and what is built from them. */
  transcendental: { forward: TRANSCENDENTAL, backward: TRANSCENDENTAL },
  /** swish, and dot products that end in an activation. */
  loose: { forward: LOOSE, backward: LOOSE },
} as const satisfies Record<string, Tolerances>;

/** An upstream gradient for an output of this shape. */
export function upstream(shape: readonly number[], seed = 977): Array64 {
  return random(shape, seed, { lo: -0.5, hi: 1 });
}

/** The reference gradients of a case: analytic where it has them, else numeric. */
export function referenceGradients(test: OpCase, dy: Array64): Gradients {
  const labels = test.labels ?? [];
  if (test.backward) return test.backward(test.inputs, labels, dy);
  return test.differentiable.map((wanted, which) =>
    wanted
      ? numericGradient((inputs) => test.forward(inputs, labels), test.inputs, which, dy)
      : undefined,
  );
}

/** A different seed for every case, from its name: adding a case changes no other. */
export function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const character of name) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  return hash >>> 0;
}

/** '7x9', or 'scalar'. */
export function dims(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join('x');
}
