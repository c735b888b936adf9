import { FoveaError } from '../errors.js';
import { checkRank, formatShape, pairOf, type Pair, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { conv2dGeometry, convolution, type ConvOptions } from './conv2d.js';

/** Options of `conv2dTranspose`. */
export interface ConvTransposeOptions extends ConvOptions {
  /** 'valid' (the default) or 'same'. */
  readonly padding?: 'same' | 'valid';
  /** Rows and columns added at the end, fewer than the strides; sets the size as Keras does. */
  readonly outputPadding?: Pair;
}

/**
 * Transposed convolution: the input gradient of `conv2d` as a forward operation, with Keras's sizes:
 * 'same' gives h * stride, 'valid' h * stride + max(span - stride, 0), where the kernel spans
 * (kh - 1) * dilation + 1. With outputPadding: (h - 1) * stride + outputPadding plus the span for
 * 'valid', and for 'same' plus 1 where the span is odd.
 *
 * @param x [n, h, w, ci]
 * @param w [kh, kw, co, ci]
 * @returns [n, oh, ow, co]
 * @throws FoveaError when channels, bias, or outputPadding do not fit
 */
export function conv2dTranspose(x: Tensor, w: Tensor, options: ConvTransposeOptions = {}): Tensor {
  const op = 'conv2dTranspose';
  checkRank(op, 'x', x.shape, 'n, h, w, ci');
  checkRank(op, 'w', w.shape, 'kh, kw, co, ci');
  const { strides = 1, padding = 'valid', dilation = 1 } = options;
  const large = transposedSize(op, x.shape, w.shape, options);
  const shape = [x.shape[0]!, ...large, w.shape[2]!];
  // The convolution that this transposes: from the large image to the small one.
  const g = conv2dGeometry(op, shape, w.shape, { strides, padding, dilation });
  if (g.co !== x.shape[3]) {
    throw new FoveaError(
      'SHAPE',
      `${op}: x ${formatShape(x.shape)} has ${x.shape[3]!} channels, w ${formatShape(w.shape)} is for ${g.co}`,
    );
  }
  if (g.oh !== x.shape[1] || g.ow !== x.shape[2]) {
    throw new FoveaError(
      'ARGUMENT',
      `${op}: outputPadding ${JSON.stringify(options.outputPadding)} does not fit strides ` +
        `${JSON.stringify(strides)} and kernel ${formatShape(w.shape.slice(0, 2))} with padding '${padding}'`,
      { hint: "It is less than the strides; for 'same' and an even kernel, at least 1." },
    );
  }
  return convolution(op, x, w, shape, options, g, true);
}

/** Height and width of the result, for x [n, h, w, ci] and w [kh, kw, co, ci]. */
export function transposedSize(
  op: string,
  x: Shape,
  w: Shape,
  { strides = 1, dilation = 1, padding = 'valid', outputPadding }: ConvTransposeOptions,
): [number, number] {
  const steps = pairOf(op, 'strides', strides);
  const spread = pairOf(op, 'dilation', dilation);
  const added = typeof outputPadding === 'number' ? [outputPadding, outputPadding] : outputPadding;
  const of = (i: 0 | 1): number => {
    const [size, step] = [x[i + 1]!, steps[i]];
    const span = (w[i]! - 1) * spread[i] + 1;
    const more = added?.[i];
    if (more === undefined)
      return size * step + (padding === 'valid' ? Math.max(span - step, 0) : 0);
    return (size - 1) * step + more + (padding === 'valid' ? span : span % 2);
  };
  return [of(0), of(1)];
}
