import { empty } from '../tensor.js';
import type { ConvGeometry, Epilogue } from './conv_geometry.js';
import { addSplits } from './reduce.js';
import { run, type Operand } from './run.js';

const WG = 64;

/** Whether the depthwise kernels, compiled for a few windows, can compute this convolution. */
export function isDepthwise(g: ConvGeometry): boolean {
  return (
    g.groups === g.ci &&
    g.co === g.ci &&
    g.kh === g.kw &&
    (g.kh === 3 || g.kh === 5) &&
    g.sh === g.sw &&
    g.sh <= 2 &&
    g.dh === 1 &&
    g.dw === 1
  );
}

/** y = act(depthwise(x, w) + bias). Writes `y`. */
export function depthwiseForward(
  op: string,
  x: Operand,
  w: Operand,
  y: Operand,
  g: ConvGeometry,
  { bias, activation = 0 }: Epilogue,
): void {
  const { flags, params } = common(g);
  const count = g.batch * g.oh * Math.ceil(g.ow / P) * params.c;
  const all = { ...params, count, bias: Number(bias !== undefined), activation, rows_per_split: 0 };
  run(op, 'depthwise', flags, { x, w, bias: bias ?? w, y }, all, Math.ceil(count / WG));
}

/** The input gradient. Writes `dx`. */
export function depthwiseGradInput(
  op: string,
  dy: Operand,
  w: Operand,
  dx: Operand,
  g: ConvGeometry,
): void {
  const { flags, params } = common(g);
  const { K, S } = flags;
  const BACK = Math.floor((K - 1) / S);
  const COLS = P / S + BACK;
  const reach = { BACK, COLS, SUMS: (COLS - 1) * S + K };
  const count = g.batch * g.ih * Math.ceil((g.pw + g.iw) / P) * params.c;
  const all = { ...params, count, bias: 0, activation: 0, rows_per_split: 0 };
  const operands = { dy, w, dx };
  run(op, 'depthwise_grad_input', { ...flags, ...reach }, operands, all, Math.ceil(count / WG));
}

/** The filter gradient. Writes `dw`. */
export function depthwiseGradFilter(
  op: string,
  x: Operand,
  dy: Operand,
  dw: Operand,
  g: ConvGeometry,
  bindingLimit: number,
  software: boolean,
): void {
  const { flags, params } = common(g);
  const size = g.kh * g.kw * g.ci;
  const rows = g.batch * g.oh;
  const wanted = Math.ceil((software ? 1024 : 16384) / params.c);
  const most = Math.floor(bindingLimit / (4 * size));
  const perSplit = Math.ceil(rows / Math.max(1, Math.min(rows, wanted, most)));
  const splits = Math.ceil(rows / perSplit);
  const count = splits * params.c;
  const all = { ...params, count, bias: 0, activation: 0, rows_per_split: perSplit };
  const partial = splits > 1 ? empty([splits, size]) : undefined;
  const operands = { x, dy, partial: partial ?? dw };
  run(op, 'depthwise_grad_filter', flags, operands, all, Math.ceil(count / WG));
  if (partial) addSplits(op, partial, dw);
  partial?.dispose();
}

/** Pixels of a row that one invocation makes. */
const P = Number(process.env['PP'] ?? 8);

interface Common {
  readonly flags: Readonly<Record<'WG' | 'P' | 'K' | 'S' | 'COLS', number> & { VEC: boolean }>;
  readonly params: Readonly<Record<string, number>> & { readonly c: number };
}

/** Flags and parameters of all three kernels. */
function common(g: ConvGeometry): Common {
  const VEC = [g.ci, g.xStride, g.yStride, g.xOffset, g.yOffset].every((n) => n % 4 === 0);
  const size = VEC ? 4 : 1;
  return {
    flags: { WG, P, K: g.kh, S: g.sh, COLS: (P - 1) * g.sh + g.kh, VEC },
    params: {
      ...{ batch: g.batch, c: g.ci / size, ih: g.ih, iw: g.iw, oh: g.oh, ow: g.ow },
      ...{ ph: g.ph, pw: g.pw, x_stride: g.xStride / size, x_offset: g.xOffset / size },
      ...{ y_stride: g.yStride / size, y_offset: g.yOffset / size },
    },
  };
}
