import type { Device } from '../gpu/device.js';
import type { Flags } from '../gpu/template.js';
import { empty, type Tensor } from '../tensor.js';
import type { Rows } from './rows.js';
import { boundsOf, deviceOf, part, run, windows, type Operand, type Part } from './run.js';

// Sums over rows, in two stages: one for each segment of the rows, then those of all segments.

const WG = 64;

/** Rows of a segment at least. */
const MIN_STEP = 64;

/** How sums are shared out: rows of a segment, and the flags of shaders/lib/columns.wgsl. */
function sharesOf(
  { info }: Device,
  rows: number,
): { readonly step: number; readonly flags: Merge } {
  return info.class === 'software'
    ? // As many segments as rows in each: both stages go through them one by one.
      {
        step: Math.max(MIN_STEP, Math.ceil(Math.sqrt(rows))),
        flags: { COLUMNS: 64, LANES: 1, SHARED: false },
      }
    : {
        step: Math.max(MIN_STEP, Math.ceil(rows / 4096)),
        flags: { COLUMNS: 4, LANES: 64, SHARED: true },
      };
}

type Merge = Readonly<{ COLUMNS: number; LANES: number; SHARED: boolean }>;

/** Tensors by the names of a kernel's operands. */
export type Named = Readonly<Record<string, Tensor>>;

/** Several sums of each channel for each segment of `step` rows, the last one shorter. */
export interface Segments {
  /** [segments, sums, c] */
  readonly partial: Tensor;
  readonly step: number;
}

/** Channels of an element T of a kernel. */
export const vecOf = ({ c }: Rows): 1 | 4 => (c % 4 === 0 ? 4 : 1);

/** The flags that kernels over channels have. */
export const channelFlags = (rows: Rows): { WG: number; T: string } => ({
  WG,
  T: vecOf(rows) === 4 ? 'vec4f' : 'f32',
});

/**
 * The first stage: runs a kernel that makes `sums` sums of each channel.
 *
 * @param wide operands of [rows, c]
 * @param channels operands of [c]
 */
export function sumSegments(
  op: string,
  kernel: string,
  rows: Rows,
  sums: number,
  { wide, channels = {} }: { readonly wide: Named; readonly channels?: Named },
  flags: Flags = {},
  params: Readonly<Record<string, number>> = {},
): Segments {
  const { c } = rows;
  const { step } = sharesOf(deviceOf(Object.values(wide)[0]!), rows.rows);
  const segments = Math.ceil(rows.rows / step);
  const partial = empty([segments, sums, c]);
  const vec = vecOf(rows);
  const bounds = boundsOf(...Object.values(wide));
  for (const window of windows(op, segments, [step * c, sums * c], bounds)) {
    const first = window.start * step;
    const count = Math.min(window.rows * step, rows.rows - first);
    const operands: Record<string, Operand> = {
      ...channels,
      partial: part(partial, sums * c, window),
    };
    for (const [name, tensor] of Object.entries(wide)) {
      operands[name] = { tensor, start: first * c, count: count * c } satisfies Part;
    }
    const n = (window.rows * c) / vec;
    const all = { n, c: c / vec, rows: count, step, ...params };
    run(op, kernel, { ...channelFlags(rows), ...flags }, operands, all, Math.ceil(n / WG));
  }
  return { partial, step };
}

/** The second stage, which frees the first: runs a kernel that makes `results` of [c]. */
export function mergeSegments<N extends string>(
  op: string,
  kernel: string,
  rows: Rows,
  { partial, step }: Segments,
  results: readonly N[],
): Record<N, Tensor> {
  const made = Object.fromEntries(results.map((name) => [name, empty([rows.c])]));
  const c = rows.c / vecOf(rows);
  const { T } = channelFlags(rows);
  const params = { c, segments: partial.shape[0]!, rows: rows.rows, step };
  const { flags } = sharesOf(partial.device, rows.rows);
  const groups = Math.ceil(c / flags.COLUMNS);
  run(op, kernel, { ...flags, T }, { partial, ...made }, params, groups);
  partial.dispose();
  return made as Record<N, Tensor>;
}
