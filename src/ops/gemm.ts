import { debug } from '../gpu/debug.js';
import type { Device } from '../gpu/device.js';
import { empty, type Tensor } from '../tensor.js';
import {
  convParams,
  epilogueParams,
  shareOut,
  type ConvGeometry,
  type Epilogue,
} from './conv_geometry.js';
import {
  depthwiseForward,
  depthwiseGradFilter,
  depthwiseGradInput,
  isDepthwise,
} from './depthwise.js';
import { addSplits } from './reduce.js';
import { run, type Operand } from './run.js';

/** y = act(conv(x, w) + bias): the forward pass. Writes `y`. */
export function convForward(
  op: string,
  x: Operand,
  w: Operand,
  y: Operand,
  g: ConvGeometry,
  epilogue: Epilogue = {},
): void {
  const kind = kernelsFor(op, deviceOf(y), g);
  if (kind === 'direct') {
    direct(op, 'conv2d_direct', { x, w, y }, g, g.co, epilogue);
    return;
  }
  if (kind === 'depthwise') {
    depthwiseForward(op, x, w, y, g, epilogue);
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
  const kind = kernelsFor(op, deviceOf(x), g);
  if (kind === 'direct') {
    direct(op, 'conv2d_grad_input_direct', { y, w, x }, g, g.ci, epilogue);
    return;
  }
  if (kind === 'depthwise') {
    depthwiseGradInput(op, y, w, x, g);
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
  const kind = kernelsFor(op, device, g);
  if (kind === 'direct') {
    const count = g.kh * g.kw * (g.ci / g.groups) * g.co;
    const params = { ...convParams(g, {}), count };
    run(op, 'conv2d_grad_filter_direct', { WG }, { x, dy, dw }, params, Math.ceil(count / WG));
    return;
  }
  if (kind === 'depthwise') {
    depthwiseGradFilter(op, x, dy, dw, g, device);
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

type Kind = 'lanes' | 'simt' | 'direct' | 'depthwise';

/** Which kernels compute a convolution: the general ones can do all, the others are faster. */
function kernelsFor(op: string, device: Device, g: ConvGeometry): Kind {
  const [kind, why] = choose(device, g);
  debug(3, () => `${op}: ${kind}, because of ${why}`);
  return kind;
}

function choose({ innerLoop, info }: Device, g: ConvGeometry): [kind: Kind, why: string] {
  if (g.groups === 1 || innerLoop === 'direct') return [innerLoop, `a ${info.class} adapter`];
  if (isDepthwise(g)) return ['depthwise', 'a group per channel'];
  return ['direct', `${g.groups} groups`];
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
  const params = { ...convParams(g, epilogue), count };
  run(op, name, { WG }, { ...operands, bias }, params, Math.ceil(count / WG));
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
  return shareOut(rows, Math.min(wanted, most));
}
