import { FoveaError } from '../errors.js';
import { formatShape, sizeOf } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { boundsOf, part, run, windows, type Operand } from './run.js';

const WG = 64;

/** A tensor seen as rows along its last axis. */
export interface Rows {
  readonly rows: number;
  readonly c: number;
  /** The shape without the last axis. */
  readonly leading: readonly number[];
}

/** Splits a shape into rows. Throws for a scalar, and for rows without an element. */
export function rowsOf(op: string, name: string, { shape }: Tensor): Rows {
  const c = shape.at(-1) ?? 0;
  if (c === 0) {
    throw new FoveaError(
      'SHAPE',
      `${op}: ${name} needs a last axis of at least one element, got shape ${formatShape(shape)}`,
    );
  }
  const leading = shape.slice(0, -1);
  return { rows: sizeOf(leading), c, leading };
}

/** What a kernel over rows works on, and how. */
export interface RowKernel {
  readonly op: string;
  readonly name: string;
  readonly flags: Readonly<Record<string, boolean>>;
  /** Tensors of [rows, c]. */
  readonly wide: Readonly<Record<string, Tensor>>;
  /** Tensors of [rows]. */
  readonly narrow?: Readonly<Record<string, Tensor>>;
  /** Tensors of [c], which every row sees. */
  readonly channels?: Readonly<Record<string, Tensor>>;
  readonly params?: Readonly<Record<string, number>>;
  /** Whether there is an invocation per vec4 or number, and not per row. */
  readonly perElement?: boolean;
}

/** Runs a kernel over rows, in windows, on vec4s where rows are a multiple of 4 long. */
export function runRows({ rows, c }: Rows, kernel: RowKernel): void {
  const { op, name, wide, narrow = {}, channels = {}, params = {}, perElement = false } = kernel;
  const vec = c % 4 === 0 ? 4 : 1;
  const flags = { WG, T: vec === 4 ? 'vec4f' : 'f32', VEC: vec === 4, ...kernel.flags };
  const bounds = boundsOf(...Object.values(wide));
  for (const window of windows(op, rows, [c, 1], bounds)) {
    const operands = Object.fromEntries<Operand>([
      ...Object.entries(channels),
      ...Object.entries(wide).map(([key, t]) => [key, part(t, c, window)] as const),
      ...Object.entries(narrow).map(([key, t]) => [key, part(t, 1, window)] as const),
    ]);
    const shape = { rows: window.rows, c: c / vec, ...params };
    const invocations = perElement ? (window.rows * c) / vec : window.rows;
    run(op, name, flags, operands, shape, Math.ceil(invocations / WG));
  }
}
