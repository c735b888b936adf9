import type { Tensor } from '../tensor.js';
import type { Segments } from './columns.js';
import type { Operand } from './run.js';

/**
 * Geometry of a convolution x [batch, ih, iw, ci] -> y [batch, oh, ow, co] with w [kh, kw, ci / groups, co].
 * A matrix product is the case of one tap. Where only some channels of wider rows take part, a pixel
 * has `xStride` floats and they begin at `xOffset`; the same for y.
 */
export interface ConvGeometry {
  readonly batch: number;
  readonly ih: number;
  readonly iw: number;
  readonly ci: number;
  readonly oh: number;
  readonly ow: number;
  readonly co: number;
  readonly kh: number;
  readonly kw: number;
  readonly sh: number;
  readonly sw: number;
  readonly dh: number;
  readonly dw: number;
  readonly ph: number;
  readonly pw: number;
  readonly groups: number;
  readonly xStride: number;
  readonly xOffset: number;
  /** Whether what follows the channels of x, up to a multiple of four, is zeros. */
  readonly xIsPadded?: boolean;
  readonly yStride: number;
  readonly yOffset: number;
}

/** What a GEMM does to x where it loads it: batch normalization and an activation. Only where `normalizesOperand`. */
export interface Prologue {
  /** [2, ci]: what to add to each channel after multiplying it by the second row. */
  readonly scaleShift: Tensor;
  /** See activation.ts. */
  readonly activation: number;
}

/** What a GEMM does to a result before it is stored. */
export interface Epilogue {
  /** [n] to add; [2, n] with `scaled`: what to add after multiplying by the second row. */
  readonly bias?: Tensor | undefined;
  readonly scaled?: boolean | undefined;
  /** Added before the activation; as large as the result. Only where `addsResidual`. */
  readonly residual?: Operand | undefined;
  /** See activation.ts. */
  readonly activation?: number;
  /** Takes the moments of the result (see `moments`), where the kernel can make them by the way. */
  readonly takeMoments?: ((segments: Segments) => void) | undefined;
  /** Adds to what is there. */
  readonly accumulate?: boolean;
}

/** Geometry of [m, k] x [k, n] as a convolution of single pixels. */
export function matrixGeometry(m: number, k: number, n: number): ConvGeometry {
  const one = { kh: 1, kw: 1, sh: 1, sw: 1, dh: 1, dw: 1, ph: 0, pw: 0, groups: 1 };
  const size = { batch: 1, ih: 1, iw: m, oh: 1, ow: m, ci: k, co: n };
  return { ...one, ...size, xStride: k, xOffset: 0, yStride: n, yOffset: 0 };
}

/** Parameters of `lib/conv_params`, all but `count`. */
export function convParams(g: ConvGeometry, epilogue: Epilogue): Record<string, number> {
  return {
    ih: g.ih,
    iw: g.iw,
    ci: g.ci,
    oh: g.oh,
    ow: g.ow,
    co: g.co,
    groups: g.groups,
    kh: g.kh,
    kw: g.kw,
    sh: g.sh,
    sw: g.sw,
    dh: g.dh,
    dw: g.dw,
    ph: g.ph,
    pw: g.pw,
    x_stride: g.xStride,
    x_offset: g.xOffset,
    y_stride: g.yStride,
    y_offset: g.yOffset,
    batch: g.batch,
    ...epilogueParams(epilogue),
  };
}

/** The parameter `bias` of the kernels: see shaders/lib/conv_rows.wgsl. */
export function biasKind({ bias, scaled }: Epilogue): number {
  if (!bias) return 0;
  return scaled ? 2 : 1;
}

/** An epilogue as the kernels see it. */
export function epilogueParams(epilogue: Epilogue): Record<string, number> {
  const { activation = 0, accumulate = false } = epilogue;
  return { bias: biasKind(epilogue), activation, accumulate: Number(accumulate) };
}

/** Shares `rows` out among at most `most` splits of equal size; one split where there is no row. */
export function shareOut(rows: number, most: number): { count: number; rows: number } {
  const perSplit = Math.max(1, Math.ceil(rows / Math.max(1, most)));
  return { count: Math.max(1, Math.ceil(rows / perSplit)), rows: perSplit };
}
