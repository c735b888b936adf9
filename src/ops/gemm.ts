import { debug } from '../gpu/debug.js';
import type { Device } from '../gpu/device.js';
import type { Flags } from '../gpu/template.js';
import { isMixed } from '../precision.js';
import { gcd } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import {
  convParams,
  shareOut,
  type ConvGeometry,
  type Epilogue,
  type Prologue,
} from './conv_geometry.js';
import {
  depthwiseForward,
  depthwiseGradFilter,
  depthwiseGradInput,
  isDepthwise,
} from './depthwise.js';
import { lanesOf, roundsOperand, roundUp, type Columns } from './gemm_operand.js';
import {
  normOperand,
  pad,
  product,
  prologueFlags,
  type GemmKind,
  type ProductOperands,
  type Rows,
} from './product.js';
import { deviceOf, run, runItems, type Operand } from './run.js';
import type { Choice } from './tiles.js';
import { choose } from './tune.js';
import { isWinograd, winograd } from './winograd.js';

/** y = act(conv(x, w) + bias): the forward pass. Writes `y`. */
export function convForward(
  op: string,
  x: Operand,
  w: Operand,
  y: Operand,
  g: ConvGeometry,
  epilogue: Epilogue = {},
  prologue?: Prologue,
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
  if (isNarrow(x, g)) {
    const [narrow, geometry] = tapsInRows(op, x, g);
    convForward(op, narrow, w, y, geometry, epilogue);
    narrow.dispose();
    return;
  }
  const taps = { kh: g.kh, kw: g.kw, offset: 0, s_ty: g.kw * g.ci * g.co, s_tx: g.ci * g.co };
  const columns = { n: g.co, k: g.ci, ...taps, s_k: g.co, s_n: 1 };
  const rows = {
    m: g.batch * g.oh * g.ow,
    row_h: g.oh,
    row_w: g.ow,
    h: g.ih,
    w: g.iw,
    sh: g.sh,
    sw: g.sw,
    oy: -g.ph,
    ox: -g.pw,
    dh: g.dh,
    dw: g.dw,
    a_stride: g.xStride,
    a_offset: g.xOffset,
    c_stride: g.yStride,
    c_offset: g.yOffset,
    c_h: g.oh,
    c_w: g.ow,
    c_sh: 1,
    c_sw: 1,
    c_y: 0,
    c_x: 0,
  };
  const operands = { a: x, w, c: y, aIsPadded: g.xIsPadded, prologue };
  implicit(op, kind, operands, rows, columns, epilogue);
}

/** Whether x has too few channels to fill a vec4, and what `tapsInRows` makes of it can be bound. */
function isNarrow(x: Operand, g: ConvGeometry): boolean {
  return g.ci < 4 && g.kw > 1 && 4 * rowsSize(g) <= deviceOf(x).bindingLimit;
}

const rowsSize = (g: ConvGeometry): number => g.batch * g.ih * g.ow * roundUp(g.kw * g.ci, 4);

/**
 * A convolution of few channels as one of more: the values of x under a row of taps become the
 * channels of a single tap. The filter stays as it is, [kh, 1, kw * ci, co].
 */
function tapsInRows(op: string, x: Operand, g: ConvGeometry): [Tensor, ConvGeometry] {
  const channels = roundUp(g.kw * g.ci, 4);
  const rows = empty([rowsSize(g)]);
  const count = rows.size / 4;
  const params = {
    w: g.iw,
    ow: g.ow,
    kw: g.kw,
    k4: channels / 4,
    sw: g.sw,
    pw: g.pw,
    dw: g.dw,
    stride: g.xStride,
    offset: g.xOffset,
  };
  runItems(`${op} taps`, 'conv_taps', { C: g.ci }, { x, y: rows }, params, count);
  const one = { kw: 1, sw: 1, dw: 1, pw: 0, iw: g.ow, ci: g.kw * g.ci };
  return [rows, { ...g, ...one, xStride: channels, xOffset: 0, xIsPadded: true }];
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
  for (const v of phases(g.ih, g.kh, g.sh, g.dh, g.ph)) {
    for (const u of phases(g.iw, g.kw, g.sw, g.dw, g.pw)) {
      const size = g.ci * g.co;
      const taps = {
        kh: v.taps,
        kw: u.taps,
        offset: (v.first * g.kw + u.first) * size,
        s_ty: v.step * g.kw * size,
        s_tx: u.step * size,
      };
      const columns = { n: g.ci, k: g.co, ...taps, s_k: 1, s_n: g.co };
      const rows = {
        m: g.batch * v.rows * u.rows,
        row_h: v.rows,
        row_w: u.rows,
        h: g.oh,
        w: g.ow,
        sh: 1,
        sw: 1,
        oy: v.origin,
        ox: u.origin,
        dh: v.shift,
        dw: u.shift,
        a_stride: g.yStride,
        a_offset: g.yOffset,
        c_stride: g.xStride,
        c_offset: g.xOffset,
        c_h: g.ih,
        c_w: g.iw,
        c_sh: g.sh,
        c_sw: g.sw,
        c_y: v.phase,
        c_x: u.phase,
      };
      implicit(op, kind, { a: y, w, c: x }, rows, columns, epilogue);
    }
  }
}

function implicit(
  op: string,
  kind: GemmKind,
  operands: ProductOperands,
  rows: Rows,
  columns: Columns,
  epilogue: Epilogue,
): void {
  // In float16 Winograd's transforms would lose too much.
  const isExact = !isMixed(deviceOf(operands.c));
  if (isExact && kind === 'lanes' && isWinograd(operands, rows, columns, epilogue)) {
    debug(3, () => `${op}: Winograd, because of a large 3x3 convolution of stride 1`);
    winograd(op, operands, rows, columns, epilogue);
  } else {
    product(op, kind, operands, rows, columns, epilogue);
  }
}

/** The pixels of x at phase, phase + stride, ... along one axis, which the same taps reach. */
interface Phase {
  readonly phase: number;
  readonly rows: number;
  /** Taps first, first + step, ... of the window. */
  readonly taps: number;
  readonly first: number;
  readonly step: number;
  /** Row i reads y at i + origin + t * shift under the tap t of these. */
  readonly origin: number;
  readonly shift: number;
}

/** Splits an axis of an input gradient by phase: each is a convolution of stride 1 without gaps. */
function phases(
  size: number,
  taps: number,
  stride: number,
  dilation: number,
  pad: number,
): Phase[] {
  const step = stride / gcd(stride, dilation);
  return Array.from({ length: Math.min(stride, size) }, (_, phase) => {
    const reaches = (tap: number): boolean => (phase + pad - tap * dilation) % stride === 0;
    const first = Array.from({ length: Math.min(step, taps) }, (_, tap) => tap).find(reaches);
    return {
      phase,
      rows: Math.ceil((size - phase) / stride),
      taps: first === undefined ? 0 : Math.ceil((taps - first) / step),
      first: first ?? 0,
      step,
      origin: first === undefined ? 0 : (phase + pad - first * dilation) / stride,
      shift: (-step * dilation) / stride,
    };
  });
}

/** dw = sum over all output pixels of x * dy: the filter gradient. Writes `dw`. */
export function convGradFilter(
  op: string,
  x: Operand,
  dy: Operand,
  dw: Operand,
  g: ConvGeometry,
  prologue?: Prologue,
): void {
  const device = deviceOf(dw);
  const kind = kernelsFor(op, device, g);
  if (kind === 'direct') {
    const count = g.kh * g.kw * (g.ci / g.groups) * g.co;
    const params = { ...convParams(g, {}), count };
    const flags = { WG, MIXED: [x, dy].some(roundsOperand) };
    run(op, 'conv2d_grad_filter_direct', flags, { x, dy, dw }, params, Math.ceil(count / WG));
    return;
  }
  if (kind === 'depthwise') {
    depthwiseGradFilter(op, x, dy, dw, g, device);
    return;
  }
  if (isNarrow(x, g)) {
    const [narrow, geometry] = tapsInRows(op, x, g);
    convGradFilter(op, narrow, dy, dw, geometry);
    narrow.dispose();
    return;
  }
  const rows = filterRows(g);
  if (kind === 'lanes') {
    const lanes = lanesOf(device);
    const [edge, P] = [4 * lanes.S, lanes.S < 8 ? LANES_PIXELS.few : LANES_PIXELS.many];
    const tile = { kernel: 'filter_lanes', flags: { ...lanes, P }, rows: edge, columns: edge };
    const wanted = Math.ceil(LANES_GROUPS / filterTiles(g, tile));
    filterInSplits(op, { x, dy, dw }, g, tile, Math.max(wanted, leastSplits(rows)));
    return;
  }
  const kernel = `filter_${kind}` as const;
  const compute = ({ tile, splits }: Choice): void => {
    filterInSplits(op, { x, dy, dw }, g, { kernel, ...tile }, splits, prologue);
  };
  const size = { count: g.kh * g.kw, m: g.ci, n: g.co, k: rows.pixels };
  compute(choose(op, device, kernel, size, compute, leastSplits(rows)));
}

/** Workgroups that keep the cores of a software adapter busy. */
const LANES_GROUPS = 16;

/**
 * Pixels that the filter gradient's inner loop takes at a time: with more, sums are loaded and stored less often; but
 * loops that do not fit into the instruction cache of a CPU are slow, and those of eight lanes are long.
 */
const LANES_PIXELS = { few: 4, many: 2 };

/** A tile of a kernel for filter gradients: some channels of x, some of dy. */
interface FilterTile {
  readonly kernel: string;
  readonly flags: Flags;
  readonly rows: number;
  readonly columns: number;
}

function filterTiles(g: ConvGeometry, tile: FilterTile): number {
  return g.kh * g.kw * Math.ceil(g.ci / tile.rows) * Math.ceil(g.co / tile.columns);
}

/** Sums the pixels in at most `most` splits, and adds these up. */
function filterInSplits(
  op: string,
  { x, dy, dw }: Readonly<Record<'x' | 'dy' | 'dw', Operand>>,
  g: ConvGeometry,
  tile: FilterTile,
  most: number,
  prologue?: Prologue,
): void {
  const px = g.xIsPadded
    ? undefined
    : pad(op, x, g.batch * g.ih * g.iw, g.ci, g.xStride, g.xOffset);
  const pdy = pad(op, dy, g.batch * g.oh * g.ow, g.co, g.yStride, g.yOffset);
  const [ci, co] = [roundUp(g.ci, 4), roundUp(g.co, 4)];
  const rows = filterRows(g);
  const size = g.kh * g.kw * ci * co;
  const fit = Math.floor(deviceOf(dw).bindingLimit / (4 * size));
  const splits = shareOut(rows.rows, Math.min(most, fit));
  const isPadded = ci !== g.ci || co !== g.co;
  const partial = splits.count > 1 || isPadded ? empty([splits.count, size]) : undefined;
  const params = {
    ci,
    co,
    ...rows,
    kh: g.kh,
    kw: g.kw,
    sh: g.sh,
    sw: g.sw,
    dh: g.dh,
    dw: g.dw,
    ph: g.ph,
    pw: g.pw,
    rows_per_split: splits.rows,
    x_stride: px ? ci : g.xStride,
    x_offset: px ? 0 : g.xOffset,
    y_stride: pdy ? co : g.yStride,
    y_offset: pdy ? 0 : g.yOffset,
    ci_tiles: Math.ceil(ci / tile.rows),
    co_tiles: Math.ceil(co / tile.columns),
    lanes: deviceOf(dw).info.subgroupSize,
  };
  const operands = { x: px ?? x, dy: pdy ?? dy, partial: partial ?? dw, ...normOperand(prologue) };
  const flags = { ...tile.flags, ...prologueFlags([x, dy], prologue) };
  run(op, tile.kernel, flags, operands, params, splits.count * filterTiles(g, tile));
  if (partial) mergeFilters(op, partial, dw, g);
  for (const tensor of [px, pdy, partial]) tensor?.dispose();
}

/** dw = the sum of the splits, without padded channels. */
function mergeFilters(op: string, partial: Tensor, dw: Operand, g: ConvGeometry): void {
  const [splits, size] = partial.shape as [number, number];
  const count = g.kh * g.kw * g.ci * g.co;
  const params = {
    splits,
    ci: g.ci,
    co: g.co,
    split_size: size,
    ci_padded: roundUp(g.ci, 4),
    co_padded: roundUp(g.co, 4),
  };
  runItems(`${op} merge`, 'filter_merge', {}, { partial, dw }, params, count);
}

const WG = 64;

type Kind = Device['innerLoop'] | 'depthwise';

/** Which kernels compute a convolution: the general ones can do all, the others are faster. */
function kernelsFor(op: string, device: Device, g: ConvGeometry): Kind {
  const [kind, why] = kindOf(device, g);
  debug(3, () => `${op}: ${kind}, because of ${why}`);
  return kind;
}

function kindOf(device: Device, g: ConvGeometry): [kind: Kind, why: string] {
  const { innerLoop, info, matrixUnits } = device;
  if (g.groups === 1 && innerLoop === 'simt' && matrixUnits && isMixed(device)) {
    return ['sgmat', 'mixed precision and matrix units'];
  }
  if (g.groups === 1 || innerLoop === 'direct') return [innerLoop, `a ${info.class} adapter`];
  if (isDepthwise(g)) return ['depthwise', 'a group per channel'];
  return ['direct', `${g.groups} groups`];
}

/** Whether a convolution takes a prologue upon itself: one of single pixels, on a GPU, as with `addsResidual`. */
export function normalizesOperand(device: Device, g: ConvGeometry): boolean {
  const isOnGpu = ['simt', 'sgmat'].includes(kindOf(device, g)[0]);
  return isOnGpu && g.kh * g.kw === 1 && g.ci % 4 === 0;
}

/**
 * Whether a convolution adds a residual at its end: on a GPU. A software adapter is as fast with a pass of its own,
 * and compiles that sooner.
 */
export function addsResidual(device: Device, g: ConvGeometry): boolean {
  return kindOf(device, g)[0] === 'simt';
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
  const flags = { WG, MIXED: isMixed(deviceOf(bias)) };
  run(op, name, flags, { ...operands, bias }, params, Math.ceil(count / WG));
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

/** Splits that keep the sums short enough to be accurate. */
function leastSplits({ rows, ow }: { readonly rows: number; readonly ow: number }): number {
  return Math.max(1, Math.ceil((rows * ow) / MAX_PIXELS_PER_SPLIT));
}
