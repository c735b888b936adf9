import { conv2d, conv2dTranspose, depthwiseConv2d } from '../../src/ops/index.js';
import type { Tensor } from '../../src/tensor.js';
import type { ActivationName } from '../reference/activations.js';
import { random, size, type Array64 } from '../reference/array.js';
import type { AffineGradients, Epilogue } from '../reference/contraction.js';
import * as reference from '../reference/conv.js';
import type { Padding, PairLike } from '../reference/window.js';
import { seedOf, tolerances, type OpCase, type OpFamily } from './case.js';
import {
  conv2dRows,
  depthwiseRows,
  transposeRows,
  type ConvSpec,
  type DepthwiseSpec,
  type TransposeSpec,
} from './conv_grid.js';

interface AffineSpec<Options> {
  readonly name: string;
  readonly x: readonly number[];
  readonly w: readonly number[];
  /** The number of output channels where there is a bias. */
  readonly bias: number | undefined;
  readonly options: Options;
}

type TensorOp<Options> = (x: Tensor, w: Tensor, options: Options & { bias?: Tensor }) => Tensor;
type ArrayOp<Options> = (x: Array64, w: Array64, options: Options & Epilogue) => Array64;
type ArrayGradients<Options> = (
  x: Array64,
  w: Array64,
  dy: Array64,
  options: Options & Epilogue,
) => AffineGradients;

/** A case of an op of the form activation(x (*) w + bias). Weights are scaled to the fan-in. */
export function affineCase<Options extends object>(
  { name, x, w, bias, options }: AffineSpec<Options>,
  [gpu, forward, backward]: [TensorOp<Options>, ArrayOp<Options>, ArrayGradients<Options>],
  fanIn: number,
): OpCase {
  const seed = seedOf(name);
  const reach = 1.5 / Math.sqrt(fanIn);
  const inputs = [random(x, seed), random(w, seed + 1, { lo: -reach, hi: 1.25 * reach })];
  if (bias !== undefined) inputs.push(random([bias], seed + 2, { lo: -0.5, hi: 0.75 }));
  const withBias = <T>(b: T | undefined): Options & { bias?: T } =>
    b === undefined ? options : { ...options, bias: b };
  return {
    name,
    inputs,
    gpu: ([a, k, b]) => gpu(a!, k!, withBias(b)),
    forward: ([a, k, b]) => forward(a!, k!, withBias(b)),
    backward: ([a, k, b], _, dy) => {
      const { dx, dw, dbias } = backward(a!, k!, dy, withBias(b));
      return b === undefined ? [dx, dw] : [dx, dw, dbias];
    },
    differentiable: inputs.map(() => true),
  };
}

function show(value: PairLike): string {
  return typeof value === 'number' ? String(value) : value.join('x');
}

function showPadding(padding: Padding): string {
  return typeof padding === 'string' ? padding : padding.map((p) => p.join('+')).join('/');
}

function showEpilogue(bias: boolean, activation: ActivationName | undefined): string {
  return (bias ? ' bias' : '') + (activation ? ` ${activation}` : '');
}

function withActivation<T extends object>(
  options: T,
  activation: ActivationName | undefined,
): T & { activation?: ActivationName } {
  return activation ? { ...options, activation } : options;
}

function convCase(spec: ConvSpec): OpCase {
  const { kernel, strides, padding, dilation, groups = 1, batch, height, width, ci, co } = spec;
  const w = [...kernel, ci / groups, co];
  const windows = `k${kernel.join('x')} s${show(strides)} ${showPadding(padding)} d${show(dilation)}`;
  return affineCase(
    {
      name: `${windows} g${groups} n${batch} ${height}x${width} c${ci}->${co}${showEpilogue(spec.bias, spec.activation)}`,
      x: [batch, height, width, ci],
      w,
      bias: spec.bias ? co : undefined,
      options: withActivation({ strides, padding, dilation, groups }, spec.activation),
    },
    [conv2d, reference.conv2d, reference.conv2dBackward],
    size(w) / co,
  );
}

function depthwiseCase(spec: DepthwiseSpec): OpCase {
  const { kernel, strides, padding, dilation, batch, height, width, c, multiplier } = spec;
  const windows = `k${kernel.join('x')} s${show(strides)} ${showPadding(padding)} d${show(dilation)}`;
  return affineCase(
    {
      name: `${windows} n${batch} ${height}x${width} c${c}x${multiplier}${showEpilogue(spec.bias, spec.activation)}`,
      x: [batch, height, width, c],
      w: [...kernel, c, multiplier],
      bias: spec.bias ? c * multiplier : undefined,
      options: withActivation({ strides, padding, dilation }, spec.activation),
    },
    [depthwiseConv2d, reference.depthwiseConv2d, reference.depthwiseConv2dBackward],
    size(kernel),
  );
}

function transposeCase(spec: TransposeSpec): OpCase {
  const {
    kernel,
    strides,
    padding,
    dilation = 1,
    outputPadding,
    batch,
    height,
    width,
    ci,
    co,
  } = spec;
  const extra =
    (dilation === 1 ? '' : ` d${show(dilation)}`) +
    (outputPadding === undefined ? '' : ` plus ${show(outputPadding)}`);
  return affineCase(
    {
      name: `k${kernel.join('x')} s${show(strides)} ${padding}${extra} n${batch} ${height}x${width} c${ci}->${co}${showEpilogue(spec.bias, spec.activation)}`,
      x: [batch, height, width, ci],
      w: [...kernel, co, ci],
      bias: spec.bias ? co : undefined,
      options: withActivation(
        { strides, padding, dilation, ...(outputPadding !== undefined && { outputPadding }) },
        spec.activation,
      ),
    },
    [conv2dTranspose, reference.conv2dTranspose, reference.conv2dTransposeBackward],
    size(kernel) * ci,
  );
}

const curved = (name: string): boolean => /sigmoid|tanh|swish/.test(name);

/** Splits the cases of one op by tolerance: curved activations are less exact than the product. */
export function affineFamilies(op: string, cases: readonly OpCase[]): OpFamily[] {
  return [
    { op, cases: cases.filter(({ name }) => !curved(name)), tolerance: tolerances.sum },
    { op, cases: cases.filter(({ name }) => curved(name)), tolerance: tolerances.loose },
  ];
}

export const convFamilies: readonly OpFamily[] = [
  ...affineFamilies('conv2d', conv2dRows.map(convCase)),
  ...affineFamilies('depthwiseConv2d', depthwiseRows.map(depthwiseCase)),
  ...affineFamilies('conv2dTranspose', transposeRows.map(transposeCase)),
];
