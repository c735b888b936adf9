import { isRecorded, record } from '../autograd.js';
import { FoveaError } from '../errors.js';
import {
  checkRank,
  formatShape,
  windowAxes,
  type Padding,
  type Pair,
  type Shape,
} from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import { activationGrad, activationNumber, type Activation } from './activation.js';
import { add, addActivated } from './binary.js';
import { checkFloat, swish } from './elementwise.js';
import type { ConvGeometry, Epilogue, Prologue } from './conv_geometry.js';
import { addsResidual, convForward, convGradFilter, convGradInput } from './gemm.js';
import { leaveMoments } from './moments.js';
import { reshape } from './movement.js';
import { roundUp } from './gemm_operand.js';
import { reduceRaw } from './reduce.js';
import { boundsOf, windows, type Bounds, type Part, type Window } from './run.js';

/** Options shared by the convolutions. */
export interface ConvOptions {
  /** [co], added to every pixel. */
  readonly bias?: Tensor;
  /** Step of the window, default 1. */
  readonly strides?: Pair;
  /** 'valid' (the default), 'same' as TensorFlow pads, or [[top, bottom], [left, right]]. */
  readonly padding?: Padding;
  /** Distance between the cells of the window, default 1. */
  readonly dilation?: Pair;
  /** Applied to the result. */
  readonly activation?: Activation;
}

/**
 * 2-D convolution (cross-correlation, as everywhere in deep learning).
 *
 * @param x [n, h, w, ci]
 * @param w [kh, kw, ci / groups, co]
 * @param options `groups` splits the channels: output group j sees input group j only
 * @returns [n, oh, ow, co]
 * @throws FoveaError SHAPE when channels, bias or window do not fit
 */
export function conv2d(
  x: Tensor,
  w: Tensor,
  options: ConvOptions & { readonly groups?: number } = {},
): Tensor {
  const g = conv2dGeometry('conv2d', x.shape, w.shape, options);
  return convolution('conv2d', x, w, [g.batch, g.oh, g.ow, g.co], options, g, false);
}

/**
 * Convolution of every channel by itself: output channel c * multiplier + m is channel c convolved
 * with filter m.
 *
 * @param x [n, h, w, c]
 * @param w [kh, kw, c, multiplier]
 * @returns [n, oh, ow, c * multiplier]
 */
export function depthwiseConv2d(x: Tensor, w: Tensor, options: ConvOptions = {}): Tensor {
  checkRank('depthwiseConv2d', 'x', x.shape, 'n, h, w, c');
  checkRank('depthwiseConv2d', 'w', w.shape, 'kh, kw, c, multiplier');
  const [kh, kw, c, multiplier] = w.shape as [number, number, number, number];
  if (c !== x.shape[3]) {
    throw new FoveaError(
      'SHAPE',
      `depthwiseConv2d: x ${formatShape(x.shape)} has ${x.shape[3]!} channels, w ${formatShape(w.shape)} is for ${c}`,
    );
  }
  // A convolution with a group per channel, whose weights lie in memory just like these.
  const grouped = reshape(w, [kh, kw, 1, c * multiplier]);
  const g = conv2dGeometry('depthwiseConv2d', x.shape, grouped.shape, { ...options, groups: c });
  const y = convolution(
    'depthwiseConv2d',
    x,
    grouped,
    [g.batch, g.oh, g.ow, g.co],
    options,
    g,
    false,
  );
  grouped.dispose();
  return y;
}

/** What the layers after a convolution do, in inference. */
export interface Tail {
  /** [2, co]: what to add to each channel after multiplying it by the second row; see `scaleShift`. */
  readonly scaleShift?: Tensor | undefined;
  /** Added to the result. */
  readonly residual?: Tensor | undefined;
  /** Applied at last. */
  readonly activation?: Activation | undefined;
}

/**
 * A convolution, or with `depthwise` one of every channel by itself, and what follows it, in as few passes
 * as possible. Not on the tape.
 *
 * @param x [n, h, w, ci]
 * @param w as for `conv2d` and `depthwiseConv2d`
 * @param options as for these; a bias belongs into `tail.scaleShift` where there is one
 */
export function conv2dThen(
  x: Tensor,
  w: Tensor,
  options: ConvOptions & { readonly groups?: number; readonly depthwise?: boolean },
  { scaleShift, residual, activation }: Tail,
): Tensor {
  const [kh, kw, c, multiplier] = w.shape as [number, number, number, number];
  const g = options.depthwise
    ? conv2dGeometry('conv2d', x.shape, [kh, kw, 1, c * multiplier], { ...options, groups: c })
    : conv2dGeometry('conv2d', x.shape, w.shape, options);
  const y = empty([g.batch, g.oh, g.ow, g.co], x.dtype);
  const isLate = residual !== undefined && !addsResidual(y.device, g);
  convolve('conv2d', x, w, y, g, false, {
    bias: scaleShift ?? options.bias,
    scaled: scaleShift !== undefined,
    residual: isLate ? undefined : residual,
    activation: activationNumber('conv2d', isLate ? undefined : activation),
  });
  if (!isLate) return y;
  const sum = addActivated(y, residual, activation);
  y.dispose();
  return sum;
}

/** Sizes and padding of a convolution. Throws the user's error; pure. */
export function conv2dGeometry(
  op: string,
  x: Shape,
  w: Shape,
  options: {
    readonly strides?: Pair;
    readonly padding?: Padding;
    readonly dilation?: Pair;
    readonly groups?: number;
  },
): ConvGeometry {
  checkRank(op, 'x', x, 'n, h, w, ci');
  checkRank(op, 'w', w, 'kh, kw, ci, co');
  const { strides = 1, padding = 'valid', dilation = 1, groups = 1 } = options;
  const [batch, ih, iw, ci] = x as [number, number, number, number];
  const [kh, kw, perGroup, co] = w as [number, number, number, number];
  if (!Number.isInteger(groups) || groups < 1 || ci !== perGroup * groups || co % groups !== 0) {
    throw new FoveaError(
      'SHAPE',
      `${op}: x ${formatShape(x)} has ${ci} channels, w ${formatShape(w)} takes ${perGroup} x ` +
        `${groups} groups, and its ${co} outputs must divide by the groups`,
      { hint: 'x is [n, h, w, channels] and w is [kh, kw, channels / groups, outputs].' },
    );
  }
  const [vertical, horizontal] = windowAxes(op, [ih, iw], [kh, kw], { strides, dilation, padding });
  return {
    batch,
    ih,
    iw,
    ci,
    co,
    kh,
    kw,
    groups,
    oh: vertical.out,
    ow: horizontal.out,
    sh: vertical.stride,
    sw: horizontal.stride,
    dh: vertical.dilation,
    dw: horizontal.dilation,
    ph: vertical.before,
    pw: horizontal.before,
    xStride: ci,
    xOffset: 0,
    yStride: co,
    yOffset: 0,
  };
}

/** What a convolution on the tape does besides. */
export interface ConvEnd extends Pick<ConvOptions, 'bias' | 'activation'> {
  /** Whether a batchNorm of the result follows, which is spared a pass if the kernel can make the moments. */
  readonly isNormed?: boolean;
}

/** Runs a convolution (or its transpose) with what ends it, and puts it on the tape. */
export function convolution(
  op: string,
  x: Tensor,
  w: Tensor,
  shape: Shape,
  end: ConvEnd,
  g: ConvGeometry,
  transposed: boolean,
): Tensor {
  const { bias, activation } = end;
  checkFloat(op, x, w);
  checkBias(op, bias, shape.at(-1)!);
  const inputs = bias ? [x, w, bias] : [x, w];
  if (activation === 'swish' && isRecorded(inputs)) {
    // Its derivative needs the value before it.
    const z = convolution(op, x, w, shape, bias ? { bias } : {}, g, transposed);
    const y = swish(z);
    z.dispose();
    return y;
  }
  const y = empty(shape, x.dtype);
  const epilogue = { bias, activation: activationNumber(op, activation), ...momentsFor(y, end) };
  convolve(op, x, w, y, g, transposed, epilogue);
  const fused = activation === 'swish' ? undefined : activation;
  return record(op, inputs, y, fused ? [x, w, y] : [x, w], (dy, [sx, sw, sy], needs) => {
    const dz = fused ? activationGrad(fused, sy!, dy) : dy;
    return [
      needs[0] ? inputGradient(op, dz, sw!, sx!, g, transposed) : undefined,
      needs[1] ? filterGradient(op, sx!, dz, sw!, g, transposed) : undefined,
      needs[2] ? biasGradient(dz) : undefined,
    ];
  });
}

/** The part of an epilogue that leaves the moments of y for a batchNorm. */
export function momentsFor(
  y: Tensor,
  { isNormed = false }: ConvEnd,
): Pick<Epilogue, 'takeMoments'> {
  return isNormed ? { takeMoments: (segments) => leaveMoments(y, segments) } : {};
}

/** Throws unless bias is [channels]. */
export function checkBias(op: string, bias: Tensor | undefined, channels: number): void {
  if (!bias) return;
  checkFloat(op, bias);
  if (bias.rank !== 1 || bias.shape[0] !== channels) {
    throw new FoveaError(
      'SHAPE',
      `${op}: bias must have shape [${channels}], got ${formatShape(bias.shape)}`,
    );
  }
}

/** Sum of dy over everything but the channels. */
export function biasGradient(dy: Tensor): Tensor {
  const axes = Array.from({ length: dy.rank - 1 }, (_, i) => i);
  return reshape(reduceRaw('bias gradient', 'SUM', dy, axes, 1, 'float32'), [dy.shape.at(-1)!]);
}

/** Pictures at a time, so that neither side exceeds the binding limit. */
function batchWindows(op: string, g: ConvGeometry, { limit, align }: Bounds): Window[] {
  // The products pad channels to fours.
  const largest = Math.max(g.ih * g.iw * roundUp(g.ci, 4), g.oh * g.ow * roundUp(g.co, 4));
  if (g.batch * largest * 4 <= limit) return [{ start: 0, rows: g.batch }];
  return windows(op, g.batch, [roundUp(largest, align)], { align, limit: limit - align * 4 });
}

/** The pictures of a window, as a part that begins less than `align` elements before them. */
function pictures(tensor: Tensor, size: number, { start, rows }: Window, align: number): Pictures {
  const offset = (start * size) % align;
  return {
    part: { tensor, start: start * size - offset, count: rows * size + offset },
    offset,
  };
}

interface Pictures {
  readonly part: Part;
  /** Elements before the first picture. */
  readonly offset: number;
}

/** Writes `y`, the convolution of x or its transpose, some pictures at a time. Not on the tape. */
export function convolve(
  op: string,
  x: Tensor,
  w: Tensor,
  y: Tensor,
  g: ConvGeometry,
  transposed: boolean,
  epilogue: Omit<Epilogue, 'residual'> & { readonly residual?: Tensor | undefined },
  prologue?: Prologue,
): void {
  const large = g.ih * g.iw * g.ci;
  const small = g.oh * g.ow * g.co;
  const [xSize, ySize] = transposed ? [small, large] : [large, small];
  const bounds = boundsOf(y, x, ...(epilogue.residual ? [epilogue.residual] : []));
  const all = batchWindows(op, g, bounds);
  const takeMoments = all.length === 1 ? epilogue.takeMoments : undefined;
  for (const window of all) {
    const from = pictures(x, xSize, window, bounds.align);
    const to = pictures(y, ySize, window, bounds.align);
    const [xOffset, yOffset] = transposed ? [to.offset, from.offset] : [from.offset, to.offset];
    const some = { ...g, batch: window.rows, xOffset, yOffset };
    const run = transposed ? convGradInput : convForward;
    const residual =
      epilogue.residual && pictures(epilogue.residual, ySize, window, bounds.align).part;
    run(op, from.part, w, to.part, some, { ...epilogue, residual, takeMoments }, prologue);
  }
}

/** The gradient of x, which has its shape and type. */
export function inputGradient(
  op: string,
  dy: Tensor,
  w: Tensor,
  x: Tensor,
  g: ConvGeometry,
  transposed: boolean,
): Tensor {
  const dx = empty(x.shape, x.dtype);
  convolve(`${op} dx`, dy, w, dx, g, !transposed, {});
  return dx;
}

/** The gradient of w, which has its shape and type. */
export function filterGradient(
  op: string,
  x: Tensor,
  dy: Tensor,
  w: Tensor,
  g: ConvGeometry,
  transposed: boolean,
  prologue?: Prologue,
): Tensor {
  const [large, small] = transposed ? [dy, x] : [x, dy];
  const bounds = boundsOf(x, dy);
  return batchWindows(op, g, bounds)
    .map((window) => {
      const dw = empty(w.shape, w.dtype);
      const from = pictures(large, g.ih * g.iw * g.ci, window, bounds.align);
      const to = pictures(small, g.oh * g.ow * g.co, window, bounds.align);
      const offsets = { xOffset: from.offset, yOffset: to.offset };
      const some = { ...g, ...offsets, batch: window.rows };
      convGradFilter(`${op} dw`, from.part, to.part, dw, some, prologue);
      return dw;
    })
    .reduce((total, dw) => add(total, dw));
}
