import type { Array64 } from './array.js';
import {
  affine,
  affineBackward,
  type AffineGradients,
  type Contraction,
  type Epilogue,
} from './contraction.js';
import { eachMeeting, pair, windowAxes, type PairLike, type WindowOptions } from './window.js';

export interface ConvOptions extends WindowOptions, Epilogue {
  readonly groups?: number;
}

export type DepthwiseOptions = WindowOptions & Epilogue;

export interface TransposeOptions extends Epilogue {
  readonly strides?: PairLike;
  readonly padding?: 'same' | 'valid';
  readonly dilation?: PairLike;
  readonly outputPadding?: PairLike;
}

type Shape = readonly number[];
type Shape4 = readonly [number, number, number, number];

/** x [n, h, w, groups*ci], w [kh, kw, ci, co]: output channel o sees the input group o / (co/groups). */
function convolution(xShape: Shape, wShape: Shape, options: ConvOptions): Contraction {
  const [n, h, w, c] = xShape as Shape4;
  const [kh, kw, ci, co] = wShape as Shape4;
  const groups = options.groups ?? 1;
  if (ci * groups !== c || co % groups !== 0) throw new Error('groups do not divide the channels');
  const axes = windowAxes(xShape, [kh, kw], options);
  const [oh, ow] = [axes[0].out, axes[1].out];
  const products: Contraction['products'] = (visit) => {
    eachMeeting(axes, ({ oy, ox, iy, ix, ky, kx }) => {
      for (let b = 0; b < n; b++) {
        for (let o = 0; o < co; o++) {
          const first = Math.floor(o / (co / groups)) * ci;
          const k = ((b * oh + oy) * ow + ox) * co + o;
          for (let q = 0; q < ci; q++) {
            const i = ((b * h + iy) * w + ix) * c + first + q;
            visit(i, ((ky * kw + kx) * ci + q) * co + o, k);
          }
        }
      }
    });
  };
  return { shape: [n, oh, ow, co], products };
}

/** x [n, h, w, c], w [kh, kw, c, m]: output channel q*m + r is input channel q under filter r. */
function depthwise(xShape: Shape, wShape: Shape, options: DepthwiseOptions): Contraction {
  const [n, h, w, c] = xShape as Shape4;
  const [kh, kw, ci, m] = wShape as Shape4;
  if (ci !== c) throw new Error('channels differ');
  const axes = windowAxes(xShape, [kh, kw], options);
  const [oh, ow] = [axes[0].out, axes[1].out];
  const products: Contraction['products'] = (visit) => {
    eachMeeting(axes, ({ oy, ox, iy, ix, ky, kx }) => {
      for (let b = 0; b < n; b++) {
        for (let q = 0; q < c; q++) {
          const i = ((b * h + iy) * w + ix) * c + q;
          for (let r = 0; r < m; r++)
            visit(
              i,
              ((ky * kw + kx) * c + q) * m + r,
              ((b * oh + oy) * ow + ox) * c * m + q * m + r,
            );
        }
      }
    });
  };
  return { shape: [n, oh, ow, c * m], products };
}

interface TransposeAxis {
  readonly out: number;
  /** How much of the full result is cut off at the start. */
  readonly crop: number;
}

/** `k` cells that the kernel spans, stride `s`. */
function transposeAxis(
  size: number,
  k: number,
  s: number,
  padding: 'same' | 'valid',
  added: number | undefined,
): TransposeAxis {
  const overhang = Math.max(k - s, 0);
  if (added !== undefined) {
    const out = (size - 1) * s + added + (padding === 'same' ? k % 2 : k);
    const cut = padding === 'same' ? (size - 1) * s + k - out : 0;
    return { out, crop: Math.floor(Math.max(cut, 0) / 2) };
  }
  return padding === 'same'
    ? { out: size * s, crop: Math.floor(overhang / 2) }
    : { out: size * s + overhang, crop: 0 };
}

/** x [n, h, w, ci], w [kh, kw, co, ci]: every input cell stamps its kernel on the output. */
function transposed(xShape: Shape, wShape: Shape, options: TransposeOptions): Contraction {
  const [n, h, w, ci] = xShape as Shape4;
  const [kh, kw, co] = wShape as Shape4;
  const [sh, sw] = pair(options.strides ?? 1);
  const [dh, dw] = pair(options.dilation ?? 1);
  const { padding = 'valid', outputPadding } = options;
  const [ah, aw] = outputPadding === undefined ? [] : pair(outputPadding);
  const rows = transposeAxis(h, (kh - 1) * dh + 1, sh, padding, ah);
  const columns = transposeAxis(w, (kw - 1) * dw + 1, sw, padding, aw);
  const stamp = (
    visit: (i: number, j: number, k: number) => void,
    iy: number,
    ix: number,
  ): void => {
    for (let ky = 0; ky < kh; ky++) {
      for (let kx = 0; kx < kw; kx++) {
        const oy = iy * sh + ky * dh - rows.crop;
        const ox = ix * sw + kx * dw - columns.crop;
        if (oy < 0 || oy >= rows.out || ox < 0 || ox >= columns.out) continue;
        for (let b = 0; b < n; b++)
          for (let o = 0; o < co; o++)
            for (let q = 0; q < ci; q++)
              visit(
                ((b * h + iy) * w + ix) * ci + q,
                ((ky * kw + kx) * co + o) * ci + q,
                ((b * rows.out + oy) * columns.out + ox) * co + o,
              );
      }
    }
  };
  const products: Contraction['products'] = (visit) => {
    for (let iy = 0; iy < h; iy++) for (let ix = 0; ix < w; ix++) stamp(visit, iy, ix);
  };
  return { shape: [n, rows.out, columns.out, co], products };
}

export function conv2d(x: Array64, w: Array64, options: ConvOptions = {}): Array64 {
  return affine(convolution(x.shape, w.shape, options), x, w, options);
}

export function conv2dBackward(
  x: Array64,
  w: Array64,
  dy: Array64,
  options: ConvOptions = {},
): AffineGradients {
  return affineBackward(convolution(x.shape, w.shape, options), x, w, dy, options);
}

export function depthwiseConv2d(x: Array64, w: Array64, options: DepthwiseOptions = {}): Array64 {
  return affine(depthwise(x.shape, w.shape, options), x, w, options);
}

export function depthwiseConv2dBackward(
  x: Array64,
  w: Array64,
  dy: Array64,
  options: DepthwiseOptions = {},
): AffineGradients {
  return affineBackward(depthwise(x.shape, w.shape, options), x, w, dy, options);
}

export function conv2dTranspose(x: Array64, w: Array64, options: TransposeOptions = {}): Array64 {
  return affine(transposed(x.shape, w.shape, options), x, w, options);
}

export function conv2dTransposeBackward(
  x: Array64,
  w: Array64,
  dy: Array64,
  options: TransposeOptions = {},
): AffineGradients {
  return affineBackward(transposed(x.shape, w.shape, options), x, w, dy, options);
}
