/** Operations as methods, so that calls can be chained: `x.sub(mean).square().mean()`. */
import type { Shape } from '../shape.js';
import { Tensor } from '../tensor.js';
import * as binary from './binary.js';
import * as elementwise from './elementwise.js';
import { matmul, type MatmulOptions } from './matmul.js';
import * as movement from './movement.js';
import * as reduce from './reduce.js';
import { softmax } from './softmax.js';

declare module '../tensor.js' {
  interface Tensor {
    /** this + other, with broadcasting. */
    add(other: Tensor | number): Tensor;
    /** this - other, with broadcasting. */
    sub(other: Tensor | number): Tensor;
    /** this * other, element by element, with broadcasting. */
    mul(other: Tensor | number): Tensor;
    /** this / other, with broadcasting. */
    div(other: Tensor | number): Tensor;
    /** -this. */
    neg(): Tensor;
    /** e to the power of this. */
    exp(): Tensor;
    /** Natural logarithm. */
    log(): Tensor;
    /** Square root. */
    sqrt(): Tensor;
    /** this * this. */
    square(): Tensor;
    /** max(this, 0). */
    relu(): Tensor;
    /** 1 / (1 + exp(-this)). */
    sigmoid(): Tensor;
    /** Hyperbolic tangent. */
    tanh(): Tensor;
    /** See `softmax`: over the last axis. */
    softmax(): Tensor;
    /** Matrix product with `b`; see `matmul`. */
    matmul(b: Tensor, options?: MatmulOptions): Tensor;
    /** Sum over dimensions; by default all. */
    sum(options?: reduce.ReduceOptions): Tensor;
    /** Mean over dimensions; by default all. */
    mean(options?: reduce.ReduceOptions): Tensor;
    /** Largest value over dimensions; by default all. */
    max(options?: reduce.ReduceOptions): Tensor;
    /** Position of the largest value along one dimension, int32; by default the last. */
    argmax(options?: { readonly axis?: number }): Tensor;
    /** The same values under another shape; one size may be -1. */
    reshape(shape: Shape): Tensor;
    /** Reorders dimensions; by default reverses them. */
    transpose(perm?: readonly number[]): Tensor;
    /** The box of `size` elements that begins at `begin`; a size of -1 reaches to the end. */
    slice(begin: readonly number[], size: readonly number[]): Tensor;
  }
}

const methods = {
  ...pick(binary, ['add', 'sub', 'mul', 'div', 'neg']),
  ...pick(elementwise, ['exp', 'log', 'sqrt', 'square', 'relu', 'sigmoid', 'tanh']),
  ...pick(reduce, ['sum', 'mean', 'max', 'argmax']),
  ...pick(movement, ['reshape', 'transpose', 'slice']),
  matmul,
  softmax,
};

function pick<T, K extends keyof T>(all: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, all[name]])) as Pick<T, K>;
}

type Operation = (x: Tensor, ...rest: readonly unknown[]) => Tensor;

for (const [name, operation] of Object.entries(methods)) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: readonly unknown[]): Tensor {
      return (operation as Operation)(this, ...rest);
    },
    writable: true,
    configurable: true,
  });
}
