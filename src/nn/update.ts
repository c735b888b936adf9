import { noGrad } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { elementWindows } from '../ops/elementwise.js';
import { part, runItems } from '../ops/run.js';
import { isMixed } from '../precision.js';
import { scope } from '../scope.js';
import type { Params } from '../gpu/commands.js';
import type { Flags } from '../gpu/template.js';
import type { Tensor } from '../tensor.js';
import type { Weight } from './layer.js';

/**
 * Runs an element-wise kernel over tensors of one size, some of which it changes in place: for
 * weights and what follows them, the only tensors that change. Large ones are done in windows.
 *
 * @param name of the shader, which is also the name in profiles
 * @param tensors named as in the WGSL
 * @param whole further tensors that the kernel only reads, of any size
 */
export function updateInPlace(
  name: string,
  flags: Flags,
  tensors: Readonly<Record<string, Tensor>>,
  params: Params,
  whole: Readonly<Record<string, Tensor>> = {},
): void {
  const first = Object.values(tensors)[0]!;
  for (const window of elementWindows(name, first)) {
    const n4 = Math.ceil(window.rows / 4);
    const parts = Object.fromEntries(
      Object.entries(tensors).map(([key, t]) => [key, part(t, 1, window)]),
    );
    const operands = { ...parts, ...whole };
    runItems(name, name, flags, operands, params, n4);
  }
}

/**
 * average = average * momentum + x * (1 - momentum), in place; in mixed precision without the values of an
 * overflow, whose step is skipped.
 */
export function moveAverage(average: Tensor, x: Tensor, momentum: number): void {
  const flags = { FINITE: isMixed(average.device) };
  updateInPlace('moving_average', flags, { average, x }, { momentum, rest: 1 - momentum });
}

/** target = source, in place. */
export function copyInto(target: Tensor, source: Tensor): void {
  updateInPlace('copy', {}, { y: target, x: source }, {});
}

/** Gives a weight, or what an optimizer keeps for it, other values. */
export function assign(target: Tensor, values: Float32Array | Int32Array): void {
  if (values.length !== target.size) {
    throw new FoveaError(
      'SHAPE',
      `assign: ${values.length} values do not fill ${target.toString()}`,
    );
  }
  target.device.recorder.upload(target.storage, values);
}

/** Brings weights back to what their constraints allow. */
export function applyConstraints(weights: readonly Weight[]): void {
  for (const { value, constraint } of weights) {
    if (constraint) noGrad(() => scope(() => copyInto(value, constraint.apply(value))));
  }
}
