import type { Device } from '../gpu/device.js';
import type { Flags } from '../gpu/template.js';
import { empty } from '../tensor.js';
import { biasKind, shareOut, type ConvGeometry, type Epilogue } from './conv_geometry.js';
import { addSplits } from './reduce.js';
import { deviceOf, run, type Operand } from './run.js';

const WG = 64;
/** Columns of pixels that one invocation makes: with more, fewer values are loaded again; with fewer, less is kept. */
const COLUMNS = { gpu: 4, software: 2 };
/** Rows that it makes at most: more save loads, fewer keep more of a GPU busy. */
const ROWS = { gpu: 8, software: 64 };

/** Whether the depthwise kernels, which are compiled for a few windows, fit this convolution. */
export function isDepthwise(g: ConvGeometry): boolean {
  const square = g.kh === g.kw && g.sh === g.sw;
  const window = (g.kh === 3 || g.kh === 5) && g.sh <= 2 && g.dh === 1 && g.dw === 1;
  return g.groups === g.ci && g.co === g.ci && square && window;
}

/** y = act(conv(x, w) + bias). Writes `y`. */
export function depthwiseForward(
  op: string,
  x: Operand,
  w: Operand,
  y: Operand,
  g: ConvGeometry,
  epilogue: Epilogue,
): void {
  const { bias, activation = 0 } = epilogue;
  const kind = deviceOf(y).info.class;
  const P = COLUMNS[kind];
  const columns = Math.ceil(g.ow / P);
  const { count: blocks, rows } = shareOut(g.oh, Math.ceil(g.oh / ROWS[kind]));
  const operands = { x, w, bias: bias ?? w, y };
  dispatch(op, 'depthwise', operands, g, g.batch * columns * blocks, {
    flags: { P, COLS: columnsOfX(g, P), D: stepsPerRow(g), ACTIVATION: activation },
    params: { columns, blocks, rows, bias: biasKind(epilogue) },
  });
}

/** The input gradient. Writes `dx`. */
export function depthwiseGradInput(
  op: string,
  dy: Operand,
  w: Operand,
  dx: Operand,
  g: ConvGeometry,
): void {
  // Counted from the padding, as the kernel does.
  const kind = deviceOf(dx).info.class;
  const P = COLUMNS[kind];
  const columns = Math.ceil((g.pw + g.iw) / P);
  const steps = Math.ceil((g.ph + g.ih) / g.sh);
  const { count: blocks, rows } = shareOut(steps, Math.ceil((steps * g.sh) / ROWS[kind]));
  const BACK = Math.floor((g.kw - 1) / g.sw);
  dispatch(op, 'depthwise_grad_input', { dy, w, dx }, g, g.batch * columns * blocks, {
    flags: { P, COLS: P / g.sw + BACK, BACK },
    params: { columns, blocks, rows: rows * g.sh },
  });
}

/** The filter gradient. Writes `dw`. */
export function depthwiseGradFilter(
  op: string,
  x: Operand,
  dy: Operand,
  dw: Operand,
  g: ConvGeometry,
  { info, bindingLimit }: Device,
): void {
  const P = COLUMNS[info.class];
  const columns = Math.ceil(g.ow / P);
  const strips = g.batch * columns;
  const size = g.kh * g.kw * g.ci;
  // Enough invocations to keep every core or multiprocessor busy.
  const wanted = Math.ceil((info.class === 'software' ? 4096 : 65_536) / g.ci);
  const most = Math.floor(bindingLimit / (4 * size));
  const splits = shareOut(strips, Math.min(wanted, most));
  const partial = splits.count > 1 ? empty([splits.count, size]) : undefined;
  dispatch(op, 'depthwise_grad_filter', { x, dy, partial: partial ?? dw }, g, splits.count, {
    flags: { P, COLS: columnsOfX(g, P), D: stepsPerRow(g) },
    params: { columns, blocks: strips, rows: splits.rows },
  });
  if (partial) addSplits(op, partial, dw);
  partial?.dispose();
}

/** Columns of x under P output pixels. */
function columnsOfX(g: ConvGeometry, P: number): number {
  return (P - 1) * g.sw + g.kw;
}

/** Rows of output pixels that a row of x belongs to at most. */
function stepsPerRow(g: ConvGeometry): number {
  return Math.ceil(g.kh / g.sh);
}

/** What the kernels do not have in common. */
interface Own {
  readonly flags: Flags;
  readonly params: Readonly<Record<string, number>>;
}

/** Runs a kernel with `perChannel` invocations per T of channels. */
function dispatch(
  op: string,
  kernel: string,
  operands: Readonly<Record<string, Operand>>,
  g: ConvGeometry,
  perChannel: number,
  own: Own,
): void {
  const VEC = [g.ci, g.xStride, g.yStride, g.xOffset, g.yOffset].every((n) => n % 4 === 0);
  const size = VEC ? 4 : 1;
  const count = (perChannel * g.ci) / size;
  const params = {
    count,
    c: g.ci / size,
    ih: g.ih,
    iw: g.iw,
    oh: g.oh,
    ow: g.ow,
    ph: g.ph,
    pw: g.pw,
    x_stride: g.xStride / size,
    x_offset: g.xOffset / size,
    y_stride: g.yStride / size,
    y_offset: g.yOffset / size,
    bias: 0,
    ...own.params,
  };
  const flags = { WG, VEC, K: g.kh, S: g.sh, ...own.flags };
  run(op, kernel, flags, operands, params, Math.ceil(count / WG));
}
