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
 * @param tensors named as in the WGSL; those of another size than the first are seen whole
 */
export function updateInPlace(
  name: string,
  flags: Flags,
  tensors: Readonly<Record<string, Tensor>>,
  params: Params,
): void {
  const first = Object.values(tensors)[0]!;
  for (const window of elementWindows(name, first)) {
    const n4 = Math.ceil(window.rows / 4);
    const operands = Object.fromEntries(
      Object.entries(tensors).map(([key, t]) => [
        key,
        t.size === first.size ? part(t, 1, window) : t,
      ]),
    );
    runItems(name, name, flags, operands, params, n4);
  }
}

/** Weights of up to so many values are updated several at a time. */
const SMALL = 65_536;

/** A weight `w` and what belongs to it, named as in the WGSL without the number of the weight. */
export type Update = Readonly<Record<string, Tensor>> & { readonly w: Tensor };

/**
 * Runs a kernel of lib/optimizer for all weights: for small ones as many at a time as it can bind.
 *
 * @param shared what the kernel reads for all of them, named as in the WGSL
 */
export function updateAll(
  name: string,
  flags: Flags,
  updates: readonly Update[],
  params: Params,
  shared: Readonly<Record<string, Tensor>>,
): void {
  for (const group of groupsOf(updates, Object.keys(shared).length)) {
    const operands: Record<string, Tensor> = {};
    group.forEach((update, j) => {
      for (const [key, tensor] of Object.entries(update)) operands[`${key}${j}`] = tensor;
    });
    updateInPlace(name, { ...flags, COUNT: group.length }, { ...operands, ...shared }, params);
  }
}

/** Groups of one size and of single weights, so that there are two pipelines; the largest weight first. */
function groupsOf(updates: readonly Update[], shared: number): Update[][] {
  const [first] = updates;
  if (!first) return [];
  const { gpu, info } = first.w.device;
  const most = gpu.limits.maxStorageBuffersPerShaderStage - shared;
  // A software adapter is as fast with one at a time, and compiles that much sooner.
  const fit = info.class === 'software' ? 1 : Math.floor(most / Object.keys(first).length);
  const sorted = [...updates].sort((a, b) => b.w.size - a.w.size);
  const large = sorted.filter(({ w }) => w.size > SMALL).length;
  const single = large + ((sorted.length - large) % fit);
  const groups = sorted.slice(0, single).map((update) => [update]);
  for (let i = single; i < sorted.length; i += fit) groups.push(sorted.slice(i, i + fit));
  return groups;
}

/**
 * average = average * momentum + x * (1 - momentum), in place, of two tensors of one size at once; in mixed precision
 * without the values of an overflow, whose step is skipped.
 */
export function moveAverages(
  [average0, average1]: readonly [Tensor, Tensor],
  [x0, x1]: readonly [Tensor, Tensor],
  momentum: number,
): void {
  const flags = { FINITE: isMixed(average0.device) };
  const params = { momentum, rest: 1 - momentum };
  updateInPlace('moving_averages', flags, { average0, average1, x0, x1 }, params);
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
