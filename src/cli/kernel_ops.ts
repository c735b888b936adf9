import { FoveaError } from '../errors.js';
import { matrixGeometry, type ConvGeometry } from '../ops/conv_geometry.js';
import { convForward, convGradFilter, convGradInput } from '../ops/gemm.js';
import { randomUniform } from '../random.js';
import type { Shape } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';

/** One run of an operation on random tensors. */
export interface Work {
  readonly flops: number;
  /** Of all operands, read or written once. */
  readonly bytes: number;
  run(): void;
  dispose(): void;
}

/** An operation that `fovea kernels` can run. */
export interface KernelOp {
  readonly name: string;
  /** What --shape means. */
  readonly sizes: string;
  readonly example: string;
  /** Makes operands on the GPU. */
  make(shape: Shape): Work;
}

const CONV = 'batch,height,width,channels,filters,kernel,stride';
const DEPTHWISE = 'batch,height,width,channels,kernel,stride';
type Pass = 'forward' | 'input' | 'filter';

/** The operations; those of gradients as layers run them. */
export const KERNEL_OPS: readonly KernelOp[] = [
  {
    ...{ name: 'matmul', sizes: 'm,k,n', example: '512,512,512' },
    make: (shape) => work('matmul', matrix(shape), 'forward'),
  },
  {
    ...{ name: 'dense', sizes: 'batch,inputs,units', example: '32,1024,1024' },
    make: (shape) => work('dense', matrix(shape), 'forward'),
  },
  convOp('conv2d', 'forward'),
  convOp('conv2d-dx', 'input'),
  convOp('conv2d-dw', 'filter'),
  depthwiseOp('depthwise', 'forward'),
  depthwiseOp('depthwise-dx', 'input'),
  depthwiseOp('depthwise-dw', 'filter'),
];

/** The operation of that name. Throws ARGUMENT when there is none. */
export function kernelOp(name: string): KernelOp {
  const found = KERNEL_OPS.find((op) => op.name === name);
  if (found) return found;
  throw new FoveaError('ARGUMENT', `kernels: there is no operation '${name}'`, {
    hint: `The operations are ${KERNEL_OPS.map((op) => op.name).join(', ')}.`,
  });
}

/** Throws ARGUMENT unless a shape has as many sizes as the operation needs. */
export function checkSizes({ name, sizes, example }: KernelOp, shape: Shape): void {
  const count = sizes.split(',').length;
  if (shape.length === count) return;
  throw new FoveaError(
    'ARGUMENT',
    `kernels: --shape of ${name} has ${count} sizes (${sizes}), got ${shape.join(',')}`,
    { hint: `For example --shape ${example}.` },
  );
}

function convOp(name: string, pass: Pass): KernelOp {
  const make = ([n, h, w, ci, co, kernel, stride]: Shape): Work =>
    work(name, geometry([n!, h!, w!], [ci!, co!], kernel!, stride!, 1), pass);
  return { name, sizes: CONV, example: '8,56,56,64,64,3,1', make };
}

function depthwiseOp(name: string, pass: Pass): KernelOp {
  const make = ([n, h, w, c, kernel, stride]: Shape): Work =>
    work(name, geometry([n!, h!, w!], [c!, c!], kernel!, stride!, c!), pass);
  return { name, sizes: DEPTHWISE, example: '8,56,56,64,3,1', make };
}

function matrix([m, k, n]: Shape): ConvGeometry {
  return matrixGeometry(m!, k!, n!);
}

/** Of a square window with padding 'same'. */
function geometry(
  [batch, ih, iw]: readonly [number, number, number],
  [ci, co]: readonly [number, number],
  kernel: number,
  stride: number,
  groups: number,
): ConvGeometry {
  const [oh, ow] = [Math.ceil(ih / stride), Math.ceil(iw / stride)];
  const pad = (size: number, out: number): number =>
    Math.max(0, Math.floor(((out - 1) * stride + kernel - size) / 2));
  return {
    ...{ batch, ih, iw, ci, oh, ow, co, kh: kernel, kw: kernel, sh: stride, sw: stride },
    ...{ dh: 1, dw: 1, ph: pad(ih, oh), pw: pad(iw, ow), groups },
    ...{ xStride: ci, xOffset: 0, yStride: co, yOffset: 0 },
  };
}

function work(op: string, g: ConvGeometry, pass: Pass): Work {
  const shapes = {
    x: [g.batch, g.ih, g.iw, g.ci],
    w: [g.kh, g.kw, g.ci / g.groups, g.co],
    y: [g.batch, g.oh, g.ow, g.co],
  };
  const results = { forward: 'y', input: 'x', filter: 'w' } as const;
  const make = (key: 'x' | 'w' | 'y', seed: number): Tensor =>
    key === results[pass] ? empty(shapes[key]) : randomUniform(shapes[key], { lo: -1, seed });
  const [x, w, y] = [make('x', 1), make('w', 2), make('y', 3)];
  const runs = {
    forward: () => convForward(op, x, w, y, g),
    input: () => convGradInput(op, y, w, x, g),
    filter: () => convGradFilter(op, x, y, w, g),
  };
  return {
    flops: (2 * y.size * g.kh * g.kw * g.ci) / g.groups,
    bytes: 4 * (x.size + w.size + y.size),
    run: runs[pass],
    dispose: () => [x, w, y].forEach((each) => each.dispose()),
  };
}
