import type { Params } from '../gpu/commands.js';
import { storeHalves } from '../gpu/float16.js';
import { expand, type Flags } from '../gpu/template.js';
import { shaderSources } from '../shaders/embedded.js';
import type { Tensor } from '../tensor.js';
import { halvesOf, runKernel } from './run.js';

/** How a kernel of one's own is run. */
export interface WgslOptions {
  /** In profiles and errors. */
  readonly name: string;
  /** Tensors under the names of the variables in the WGSL; those it writes come from `empty()`. */
  readonly operands: Readonly<Record<string, Tensor>>;
  /** Values for the members of the uniform struct; functions for what changes from step to step. */
  readonly params?: Params;
  /** Number of workgroups; above 65,535 they are folded into y. */
  readonly workgroups: number;
  /** Constants and switches of the template, as in the library's own shaders. Default: none. */
  readonly flags?: Flags;
}

/**
 * Runs a WGSL kernel of one's own on tensors: an operation like those of the library, except that
 * its text comes from outside. The entry point is `main`; bindings and the parameter struct are read
 * from the text, which may use `#include lib/grid` and the other parts of docs/kernels.md. The
 * kernel is compiled once. For gradients, pass its result to `record`.
 *
 * @throws FoveaError when a variable has no operand, or is no f32 or vec4f and its operand is float16; VALIDATION at the next read, when the text does
 *   not compile
 */
export function runWgsl(
  text: string,
  { name, operands, params = {}, workgroups, flags = {} }: WgslOptions,
): void {
  const { device } = Object.values(operands)[0]!;
  const source = expand({ ...shaderSources, [name]: text }, name, flags);
  const kernel = device.kernels.fromText(name, storeHalves(source, halvesOf(operands)));
  runKernel(name, kernel, operands, params, workgroups);
}
