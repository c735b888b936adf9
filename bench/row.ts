import type { Model } from '../src/nn/model.js';
import type { Shape } from '../src/shape.js';
import { empty, requireGrad, type Tensor } from '../src/tensor.js';

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

interface AnyRow {
  readonly name: string;
  /** What the libraries look up: each has a function of this name, or cannot run the row. */
  readonly op: string;
  /** Shapes of the operands. 4-D ones named x and dy are pictures, filter and depthwise filters. */
  readonly inputs: Readonly<Record<string, Shape>>;
  readonly unit: 'GFLOP/s' | 'GB/s';
  /** How far results may differ, relative to the range of the values. Default 0.001. */
  readonly tolerance?: number;
  /** 'long' rows run with `--full` only; those that fill a GPU with `--gpu`, instead of the others. */
  readonly set?: 'long' | 'gpu';
}

/** One operation. */
export interface OpRow extends AnyRow {
  /** Floating-point operations; or bytes, where memory is the limit. */
  readonly amount: number;
  /** What the result is, for libraries that order it differently. */
  readonly result: Layout;
  readonly resultShape: Shape;
  readonly options: Readonly<Record<string, number>>;
  /** Gives the function that does the operation once on fovea. */
  ours(inputs: Tensors): () => Tensor;
}

/** A network: op is 'predict' or 'trainStep'. Its work is computed from its layers. */
export interface ModelRow extends AnyRow {
  readonly op: 'predict' | 'trainStep';
  model(): Model;
}

export type Row = OpRow | ModelRow;

/** The order of the dimensions of a value. */
export type Layout = 'picture' | 'filter' | 'depthwise' | 'plain';

/** The layout of an operand, by its name and rank. */
export function layoutOf(name: string, shape: Shape): Layout {
  if (name === 'filter' || name === 'depthwise') return name;
  return shape.length === 4 ? 'picture' : 'plain';
}

/** A row that is limited by arithmetic; `macs` counts multiply-adds. */
export function arithmetic(
  row: Omit<OpRow, 'amount' | 'unit' | 'options'> & Partial<OpRow>,
  macs: number,
): OpRow {
  return { options: {}, ...row, amount: 2 * macs, unit: 'GFLOP/s' };
}

/** A row that is limited by memory; `values` counts the floats that must be read and written. */
export function memory(
  row: Omit<OpRow, 'amount' | 'unit' | 'options'> & Partial<OpRow>,
  values: number,
): OpRow {
  return { options: {}, ...row, amount: 4 * values, unit: 'GB/s' };
}

/** Does `op` and the gradients of all its operands; gives that of the first one. */
export function bothWays(
  op: (...operands: Tensor[]) => Tensor,
  operands: readonly Tensor[],
  dy: Tensor,
): () => Tensor {
  return (): Tensor => {
    const leaves = operands.map((x) => requireGrad(x.detach()));
    op(...leaves).backward(dy);
    // The gradient itself goes with its leaf.
    return leaves[0]!.grad!.detach();
  };
}

/** The tensor of this shape that `write` fills. */
export function into(shape: Shape, write: (target: Tensor) => void): Tensor {
  const target = empty(shape);
  write(target);
  return target;
}
