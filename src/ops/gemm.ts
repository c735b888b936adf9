import { debug } from '../gpu/debug.js';
import type { Device } from '../gpu/device.js';
import { empty, type Tensor } from '../tensor.js';
import { run, type Operand } from './run.js';

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
  readonly yStride: number;
  readonly yOffset: number;
}

/** What a GEMM does to a result before it is stored. */
export interface Epilogue {
  readonly bias?: Tensor | undefined;
  /** See activation.ts. */
  readonly activation?: number;
  /** Adds to what is there. */
  readonly accumulate?: boolean;
}

/** Geometry of [m, k] x [k, n] as a convolution of single pixels. */
export function matrixGeometry(m: number, k: number, n: number): ConvGeometry {
  const one = { kh: 1, kw: 1, sh: 1, sw: 1, dh: 1, dw: 1, ph: 0, pw: 0, groups: 1 };
  const size = { batch: 1, ih: 1, iw: m, oh: 1, ow: m, ci: k, co: n };
  return { ...one, ...size, xStride: k, xOffset: 0, yStride: n, yOffset: 0 };
}

/** y = act(conv(x, w) + bias): the forward pass. Writes `y`. */
export function convForward(
  op: string,
  x: Operand,
  w: Operand,
  y: Operand,
  g: ConvGeometry,
  epilogue: Epilogue = {},
): void {
  const kind = innerLoop(op, deviceOf(y), g);
  if (kind === 'direct') {
    direct(op, 'conv2d_direct', { x, w, y }, g, g.co, epilogue);
    return;
  }
  const columns = { n: g.co, k: g.ci, s_tap: g.ci * g.co, s_k: g.co, s_n: 1 };
  const rows = { m: g.batch * g.oh * g.ow, h: g.ih, w: g.iw, row_h: g.oh, row_w: g.ow };
  const strides = {
    a_stride: g.xStride,
    a_offset: g.xOffset,
    c_stride: g.yStride,
    c_offset: g.yOffset,
  };
  gemm(op, kind, false, { a: x, w, c: y }, g, columns, { ...rows, ...strides }, epilogue);
}

/** x = act(conv^T(y, w) + bias): the input gradient, and transposed convolution. Writes `x`. */
export function convGradInput(
  op: string,
  y: Operand,
  w: Operand,
  x: Operand,
  g: ConvGeometry,
  epilogue: Epilogue = {},
): void {
  const kind = innerLoop(op, deviceOf(x), g);
  if (kind === 'direct') {
    direct(op, 'conv2d_grad_input_direct', { y, w, x }, g, g.ci, epilogue);
    return;
  }
  const columns = { n: g.ci, k: g.co, s_tap: g.ci * g.co, s_k: 1, s_n: g.co };
  const rows = { m: g.batch * g.ih * g.iw, h: g.oh, w: g.ow, row_h: g.ih, row_w: g.iw };
  const strides = {
    a_stride: g.yStride,
    a_offset: g.yOffset,
    c_stride: g.xStride,
    c_offset: g.xOffset,
  };
  gemm(op, kind, true, { a: y, w, c: x }, g, columns, { ...rows, ...strides }, epilogue);
}

/** dw = sum over all output pixels of x * dy: the filter gradient. Writes `dw`. */
export function convGradFilter(
  op: string,
  x: Operand,
  dy: Operand,
  dw: Operand,
  g: ConvGeometry,
): void {
  const device = deviceOf(dw);
  const kind = innerLoop(op, device, g);
  if (kind === 'direct') {
    const count = g.kh * g.kw * (g.ci / g.groups) * g.co;
    const params = { ...directParams(g, {}), count };
    run(op, 'conv2d_grad_filter_direct', { WG }, { x, dy, dw }, params, Math.ceil(count / WG));
    return;
  }
  const tile = kind === 'lanes' ? 4 * device.info.subgroupSize : 64;
  const rows = filterRows(g);
  const tiles = g.kh * g.kw * Math.ceil(g.ci / tile) * Math.ceil(g.co / tile);
  const size = g.kh * g.kw * g.ci * g.co;
  const splits = filterSplits(rows, tiles, kind, Math.floor(device.bindingLimit / (4 * size)));
  const partial = splits.count > 1 ? empty([splits.count, size]) : undefined;
  const vec = [g.ci, g.co, g.xStride, g.yStride, g.xOffset, g.yOffset].every((n) => n % 4 === 0);
  const flags = { T: vec ? 'vec4f' : 'f32', VEC: vec, ...(kind === 'lanes' && { S: tile / 4 }) };
  const params = {
    ...rows,
    ...{ ci: g.ci, co: g.co, kh: g.kh, kw: g.kw, sh: g.sh, sw: g.sw, dh: g.dh, dw: g.dw },
    ...{ ph: g.ph, pw: g.pw, x_stride: g.xStride, x_offset: g.xOffset },
    ...{ y_stride: g.yStride, y_offset: g.yOffset, rows_per_split: splits.rows },
    ...{ ci_tiles: Math.ceil(g.ci / tile), co_tiles: Math.ceil(g.co / tile) },
  };
  const operands = { x, dy, partial: partial ?? dw };
  run(op, `filter_${kind}`, flags, operands, params, splits.count * tiles);
  if (partial) addSplits(op, partial, dw);
  partial?.dispose();
}

const WG = 64;

/** The general kernels serve groups; on a device without a fast loop they serve everything. */
function innerLoop(op: string, device: Device, g: ConvGeometry): 'lanes' | 'simt' | 'direct' {
  const kind = g.groups > 1 ? 'direct' : device.innerLoop;
  debug(3, () => {
    const why = g.groups > 1 ? `${g.groups} groups` : `a ${device.info.class} adapter`;
    return `${op}: ${kind}, because of ${why}`;
  });
  return kind;
}

function deviceOf(operand: Operand): Device {
  return 'tensor' in operand ? operand.tensor.device : operand.device;
}

function direct(
  op: string,
  name: string,
  operands: Readonly<Record<string, Operand>>,
  g: ConvGeometry,
  channels: number,
  epilogue: Epilogue,
): void {
  const pixels = name === 'conv2d_direct' ? g.oh * g.ow : g.ih * g.iw;
  const count = g.batch * pixels * channels;
  const bias = epilogue.bias ?? operands['w']!;
  const params = { ...directParams(g, epilogue), count };
  run(op, name, { WG }, { ...operands, bias }, params, Math.ceil(count / WG));
}

function directParams(g: ConvGeometry, epilogue: Epilogue): Record<string, number> {
  return {
    ...{ ih: g.ih, iw: g.iw, ci: g.ci, oh: g.oh, ow: g.ow, co: g.co, groups: g.groups },
    ...{ kh: g.kh, kw: g.kw, sh: g.sh, sw: g.sw, dh: g.dh, dw: g.dw, ph: g.ph, pw: g.pw },
    ...{ x_stride: g.xStride, x_offset: g.xOffset, y_stride: g.yStride, y_offset: g.yOffset },
    batch: g.batch,
    ...epilogueParams(epilogue),
  };
}

function epilogueParams({
  bias,
  activation = 0,
  accumulate = false,
}: Epilogue): Record<string, number> {
  return { bias: Number(bias !== undefined), activation, accumulate: Number(accumulate) };
}

/** Columns of the B operand: value (tap, k, n) of w lies at tap * s_tap + k * s_k + n * s_n. */
interface Columns {
  readonly n: number;
  readonly k: number;
  readonly s_tap: number;
  readonly s_k: number;
  readonly s_n: number;
}

function gemm(
  op: string,
  kind: 'lanes' | 'simt',
  gradient: boolean,
  { a, w, c }: { a: Operand; w: Operand; c: Operand },
  g: ConvGeometry,
  columns: Columns,
  rows: Readonly<Record<'m' | 'a_stride' | 'a_offset', number>> & Readonly<Record<string, number>>,
  epilogue: Epilogue,
): void {
  const lanes = deviceOf(c).info.subgroupSize;
  const [tileRows, tileColumns] = kind === 'lanes' ? [16, 4 * lanes] : [64, 64];
  const { n, k } = columns;
  const k4 = Math.ceil(k / 4);
  const nTiles = Math.ceil(n / tileColumns);
  const packed = pack(op, w, g.kh * g.kw, columns, tileColumns);
  const vec = k % 4 === 0 && rows.a_stride % 4 === 0 && rows.a_offset % 4 === 0;
  const flags = {
    ...(kind === 'lanes' && { S: lanes, G: tileRows / lanes }),
    ...{ NT: tileColumns, T: vec ? 'vec4f' : 'f32', VEC: vec, GRAD: gradient },
  };
  const params = {
    ...{ n, k, k4, n_tiles: nTiles, kh: g.kh, kw: g.kw, sh: g.sh, sw: g.sw },
    ...{ dh: g.dh, dw: g.dw, ph: g.ph, pw: g.pw },
    ...rows,
    ...epilogueParams(epilogue),
  };
  const operands = { a, b: packed, bias: epilogue.bias ?? packed, c };
  run(op, `gemm_${kind}`, flags, operands, params, Math.ceil(rows.m / tileRows) * nTiles);
  packed.dispose();
}

function pack(op: string, w: Operand, taps: number, columns: Columns, tileColumns: number): Tensor {
  const k4 = Math.ceil(columns.k / 4);
  const count = Math.ceil(columns.n / tileColumns) * tileColumns * taps * k4;
  const b = empty([count, 4]);
  const params = { ...columns, count, k4, taps };
  run(`${op} pack`, 'gemm_pack', { WG, NT: tileColumns }, { w, b }, params, Math.ceil(count / WG));
  return b;
}

/** The rows of output pixels that the filter gradient sums over; single pixels in rows of 32. */
function filterRows(
  g: ConvGeometry,
): Record<'ih' | 'iw' | 'oh' | 'ow' | 'rows' | 'pixels', number> {
  const pixels = g.batch * g.oh * g.ow;
  if (g.ih === 1 && g.oh === 1 && g.kh * g.kw === 1) {
    const rows = Math.ceil(pixels / 32);
    return { ih: rows, iw: 32, oh: rows, ow: 32, rows, pixels };
  }
  return { ih: g.ih, iw: g.iw, oh: g.oh, ow: g.ow, rows: g.batch * g.oh, pixels };
}

/** Pixels that one split sums over at most: more would cost accuracy. */
const MAX_PIXELS_PER_SPLIT = 4096;

function filterSplits(
  { rows, ow }: { rows: number; ow: number },
  tiles: number,
  kind: 'lanes' | 'simt',
  most: number,
): { count: number; rows: number } {
  // Enough workgroups to keep every core or multiprocessor busy.
  const wanted = Math.max(
    Math.ceil((kind === 'lanes' ? 16 : 512) / tiles),
    Math.ceil((rows * ow) / MAX_PIXELS_PER_SPLIT),
  );
  const perSplit = Math.ceil(rows / Math.max(1, Math.min(rows, wanted, most)));
  return { count: Math.ceil(rows / perSplit), rows: perSplit };
}

/** Adds up the partial sums of the splits, in order. */
function addSplits(op: string, partial: Tensor, dw: Operand): void {
  const [splits, size] = partial.shape as [number, number];
  const vec = size % 4 === 0 ? 4 : 1;
  const flags = { WG, T: vec === 4 ? 'vec4f' : 'f32', SUM: true };
  const n = size / vec;
  const params = { n, size: splits, inner: n, segments: 1, step: splits, scale: 1 };
  run(op, 'reduce', flags, { x: partial, y: dw }, params, Math.ceil(n / WG));
}
