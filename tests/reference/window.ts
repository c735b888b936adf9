/** Padding of both axes, as the library takes it. */
export type Padding = 'same' | 'valid' | [[number, number], [number, number]];
export type Pair = [number, number];
export type PairLike = number | Pair;

/** How a sliding window meets one axis of its input. */
export interface WindowAxis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
  readonly out: number;
}

export function pair(value: PairLike): Pair {
  return typeof value === 'number' ? [value, value] : value;
}

/** TensorFlow's rule: of an odd total, the extra cell of 'same' padding comes after. */
export function windowAxis(
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
  padding: 'same' | 'valid' | Pair,
): WindowAxis {
  const extent = (kernel - 1) * dilation + 1;
  let [before, after] = typeof padding === 'string' ? [0, 0] : padding;
  if (padding === 'same') {
    const total = Math.max((Math.ceil(size / stride) - 1) * stride + extent - size, 0);
    before = Math.floor(total / 2);
    after = total - before;
  }
  const out = Math.floor((size + before + after - extent) / stride) + 1;
  if (out < 1) throw new Error(`a window of ${extent} does not fit ${size}`);
  return { size, kernel, stride, dilation, before, after, out };
}

export interface WindowOptions {
  readonly strides?: PairLike;
  readonly padding?: Padding;
  readonly dilation?: PairLike;
}

export type WindowAxes = readonly [WindowAxis, WindowAxis];

/** The windows over the two middle axes of an NHWC shape. Padding defaults to 'valid'. */
export function windowAxes(
  shape: readonly number[],
  kernel: readonly number[],
  { strides = 1, padding = 'valid', dilation = 1 }: WindowOptions,
): WindowAxes {
  const axis = (i: 0 | 1): WindowAxis =>
    windowAxis(
      shape[i + 1]!,
      kernel[i]!,
      pair(strides)[i],
      pair(dilation)[i],
      typeof padding === 'string' ? padding : padding[i],
    );
  return [axis(0), axis(1)];
}

/** One kernel cell over one input cell, for one output cell. */
export interface Meeting {
  readonly oy: number;
  readonly ox: number;
  readonly iy: number;
  readonly ix: number;
  readonly ky: number;
  readonly kx: number;
}

function meetings(axis: WindowAxis): { o: number; i: number; k: number }[] {
  const result = [];
  for (let o = 0; o < axis.out; o++) {
    for (let k = 0; k < axis.kernel; k++) {
      const i = o * axis.stride - axis.before + k * axis.dilation;
      if (i >= 0 && i < axis.size) result.push({ o, i, k });
    }
  }
  return result;
}

/** Every meeting inside the input (padding is skipped), output cells and kernel cells in order. */
export function eachMeeting([rows, columns]: WindowAxes, visit: (meeting: Meeting) => void): void {
  const across = meetings(columns);
  for (const { o: oy, i: iy, k: ky } of meetings(rows))
    for (const { o: ox, i: ix, k: kx } of across) visit({ oy, ox, iy, ix, ky, kx });
}
