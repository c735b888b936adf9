import { FoveaError } from '../errors.js';

/** One line of a chart. */
export interface Series {
  readonly name: string;
  /** One value per epoch; NaN and infinities leave a gap. */
  readonly values: readonly number[];
  /** By convention training is solid and validation dashed; default false. */
  readonly dashed?: boolean;
  /** `#rrggbb`; default: the palette's colour for this position. */
  readonly color?: string;
}

/** A line chart of one quantity over epochs. */
export interface LineChart {
  readonly title: string;
  readonly series: readonly Series[];
  /** Default `epoch`. */
  readonly xLabel?: string;
  /** What the first value is of. Default 1. */
  readonly first?: number;
  readonly yLabel?: string;
}

/** A linear scale that begins and ends on a tick. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  /** A tick as text, with as many decimals as the step needs. */
  readonly format: (tick: number) => string;
}

/** About `count` ticks at 1, 2 or 5 times a power of ten that cover low..high. */
export function niceScale(low: number, high: number, count: number): Scale {
  if (low === high)
    return niceScale(low - Math.abs(low || 1) / 2, high + Math.abs(high || 1) / 2, count);
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const tiny = decimals > 6 || step >= 1e6;
  const format = (tick: number) => (tiny ? tick.toExponential(1) : tick.toFixed(decimals));
  return { low: ticks[0]!, high: ticks.at(-1)!, ticks, format };
}

/** The scales of a chart: whole epochs across, all finite values down. */
export function chartScales(chart: LineChart): { x: Scale; y: Scale } {
  const values = chart.series.flatMap((line) => line.values).filter(Number.isFinite);
  if (values.length === 0) {
    throw new FoveaError('DATA', `The chart '${chart.title}' has no finite value to draw.`);
  }
  const epochs = Math.max(...chart.series.map((line) => line.values.length));
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  return { x: epochScale(epochs, chart.first ?? 1), y: niceScale(low, high, 5) };
}

/** From epoch 1 to the last, without room on either side, ticks on whole epochs. */
function epochScale(epochs: number, first: number): Scale {
  const format = (tick: number): string => String(tick - 1 + first);
  if (epochs === 1) return { low: 0, high: 2, ticks: [1], format };
  const { ticks } = niceScale(1, epochs, 8);
  const whole = ticks.filter((t) => Number.isInteger(t) && t > 1 && t <= epochs);
  // Keep the first epoch's label clear of its neighbour's.
  return { low: 1, high: epochs, ticks: [1, ...whole], format };
}

/** The stretches of a line between its gaps, as [epoch, value] points. */
export function stretches(values: readonly number[]): [number, number][][] {
  const out: [number, number][][] = [];
  let open: [number, number][] | undefined;
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) open = undefined;
    else if (open === undefined) out.push((open = [[i + 1, value]]));
    else open.push([i + 1, value]);
  });
  return out;
}

/** A value in few characters: four significant digits. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

/** Rows of a legend with two entries each. */
export function legendRows({ series }: LineChart): number {
  return Math.max(1, Math.ceil(series.length / 2));
}
