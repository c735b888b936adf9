import { map, random, zeros, type Array64 } from './array.js';

export type Forward = (inputs: readonly Array64[]) => Array64;

const STEP = 1e-5;

export function dot(a: Array64, b: Array64): number {
  if (a.data.length !== b.data.length) throw new Error('dot of arrays of different sizes');
  return a.data.reduce((sum, value, i) => sum + value * b.data[i]!, 0);
}

/** <dy, above - below>, the difference taken first: it keeps the small digits. */
function change(dy: Array64, above: Array64, below: Array64): number {
  let sum = 0;
  for (let j = 0; j < dy.data.length; j++) sum += dy.data[j]! * (above.data[j]! - below.data[j]!);
  return sum;
}

function replaced(inputs: readonly Array64[], which: number, input: Array64): Array64[] {
  return inputs.map((original, i) => (i === which ? input : original));
}

/**
 * The gradient of <dy, forward(inputs)> for input number `which`, by central differences in every
 * element. Costs two forwards per element; its error is of the order of 1e-10 for smooth ops.
 */
export function numericGradient(
  forward: Forward,
  inputs: readonly Array64[],
  which: number,
  dy: Array64,
  h = STEP,
): Array64 {
  const probe = map(inputs[which]!, (value) => value);
  const moved = replaced(inputs, which, probe);
  const gradient = zeros(probe.shape);
  for (let i = 0; i < probe.data.length; i++) {
    const at = probe.data[i]!;
    probe.data[i] = at + h;
    const above = forward(moved);
    probe.data[i] = at - h;
    const below = forward(moved);
    probe.data[i] = at;
    gradient.data[i] = change(dy, above, below) / (2 * h);
  }
  return gradient;
}

/**
 * The same for ops whose output element i depends on element i of the input only: all elements
 * move at once, so that big elementwise cases cost two forwards in all.
 */
export function elementwiseGradient(
  forward: Forward,
  inputs: readonly Array64[],
  which: number,
  dy: Array64,
  h = STEP,
): Array64 {
  const shifted = (by: number): Array64 =>
    forward(
      replaced(
        inputs,
        which,
        map(inputs[which]!, (value) => value + by),
      ),
    );
  const above = shifted(h);
  const below = shifted(-h);
  return map(dy, (value, i) => (value * (above.data[i]! - below.data[i]!)) / (2 * h));
}

/**
 * Moves all differentiable inputs along one random direction and compares the change of
 * <dy, forward> with what the gradients predict: the relative discrepancy.
 */
export function directionCheck(
  forward: Forward,
  inputs: readonly Array64[],
  gradients: readonly (Array64 | undefined)[],
  dy: Array64,
  { seed = 1, h = STEP }: { readonly seed?: number; readonly h?: number } = {},
): number {
  const directions = gradients.map(
    (gradient, i) => gradient && random(inputs[i]!.shape, seed + i, { lo: -1, hi: 1 }),
  );
  const along = (by: number): Array64 =>
    forward(
      inputs.map((input, i) => {
        const direction = directions[i];
        return direction ? map(input, (value, j) => value + by * direction.data[j]!) : input;
      }),
    );
  const above = along(h);
  const below = along(-h);
  const measured = change(dy, above, below) / (2 * h);
  let predicted = 0;
  let scale = 0;
  gradients.forEach((gradient, i) => {
    const direction = directions[i];
    if (!gradient || !direction) return;
    predicted += dot(gradient, direction);
    scale += gradient.data.reduce((sum, value, j) => sum + Math.abs(value * direction.data[j]!), 0);
  });
  return Math.abs(measured - predicted) / Math.max(scale, 1e-3);
}

/** Relative L2 error, and largest error over largest reference value. */
export interface Discrepancy {
  readonly l2: number;
  readonly max: number;
}

/** How far `actual` is from `expected`. NaN and infinities that are not expected count as infinite. */
export function discrepancy(actual: ArrayLike<number>, expected: Array64): Discrepancy {
  if (actual.length !== expected.data.length) return { l2: Infinity, max: Infinity };
  let [errorSquared, squared, worst, largest] = [0, 0, 0, 0];
  expected.data.forEach((value, i) => {
    if (Object.is(actual[i], value)) return;
    const error = Math.abs(actual[i]! - value);
    const finite = Number.isFinite(error) ? error : Infinity;
    errorSquared += finite * finite;
    worst = Math.max(worst, finite);
  });
  for (const value of expected.data) {
    squared += value * value;
    largest = Math.max(largest, Math.abs(value));
  }
  const ratio = (error: number, scale: number): number =>
    error === 0 ? 0 : error / (scale === 0 ? 1 : scale);
  return { l2: ratio(Math.sqrt(errorSquared), Math.sqrt(squared)), max: ratio(worst, largest) };
}
