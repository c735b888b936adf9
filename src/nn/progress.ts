import { isTerminal, writeRaw } from '#host';

/** 0: nothing; 1: a bar; 2: one line per epoch; 'auto': a bar on a terminal, else lines. */
export type Verbose = 0 | 1 | 2 | 'auto';

/** Running or final values by name. */
export type Logs = Readonly<Record<string, number>>;

const CELLS = 20;
const MIN_DRAW_MS = 50;
/** Reading values waits for the GPU: not more often than this. */
const MIN_READ_MS = 500;

/** Where progress goes; tests put another one in. */
export interface ProgressTarget {
  readonly isTerminal: boolean;
  write(text: string): void;
}

const stderr: ProgressTarget = { isTerminal, write: writeRaw };

/** Shows how far an epoch is, in the form of Keras's bar, on stderr. */
export class Progress {
  private readonly style: 'none' | 'bar' | 'line';
  private readonly start = performance.now();
  private afterFirst = this.start;
  private lastDraw = this.start;
  private lastRead = this.start;
  private values: Logs = {};
  private waitedMs = 0;
  /** Whether the bar was drawn. */
  private isOpen = false;

  /**
   * @param steps of the epoch
   * @param title a line before the bar: 'Epoch 1/20'
   */
  constructor(
    private readonly steps: number,
    verbose: Verbose,
    private readonly title = '',
    private readonly target: ProgressTarget = stderr,
  ) {
    const bar = verbose !== 2 && target.isTerminal;
    this.style = verbose === 0 ? 'none' : bar ? 'bar' : 'line';
    if (bar && verbose !== 0 && title) target.write(`${title}\n`);
  }

  /** Goes through what steps need, and notes how long it takes to come. */
  async *waitedFor<T>(source: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    let begin = performance.now();
    for await (const each of source) {
      this.waitedMs += performance.now() - begin;
      yield each;
      begin = performance.now();
    }
  }

  /** The share of the time so far that was spent waiting for data, 0 to 1. */
  get dataWait(): number {
    return this.waitedMs / (performance.now() - this.start);
  }

  /** Whether it is time to read running values and pass them to `show`. */
  wantsValues(): boolean {
    return this.style === 'bar' && performance.now() - this.lastRead >= MIN_READ_MS;
  }

  /** New running values. */
  show(values: Logs): void {
    this.values = values;
    this.lastRead = performance.now();
  }

  /** `done` steps are done. */
  step(done: number): void {
    const now = performance.now();
    if (done === 1) this.afterFirst = now;
    if (this.style !== 'bar' || now - this.lastDraw < MIN_DRAW_MS) return;
    this.lastDraw = now;
    this.isOpen = true;
    const left = secondsPerStep(now, this.start, this.afterFirst, done) * (this.steps - done) || 0;
    this.target.write(`\r${this.line(done, left, now)}\x1b[K`);
  }

  /**
   * The epoch is over; these are its values.
   *
   * @param showsWait whether to say how long it waited for data
   */
  end(values: Logs, showsWait = false): void {
    if (this.style === 'none') return;
    this.values = values;
    const now = performance.now();
    const elapsed = (now - this.start) / 1000;
    const wait = showsWait ? ` - waiting for data: ${(100 * this.dataWait).toFixed(0)} %` : '';
    if (this.style === 'bar') {
      this.target.write(`\r${this.line(this.steps, elapsed, now)}${wait}\x1b[K\n`);
      return;
    }
    const parts = [
      `${this.steps}/${this.steps}`,
      formatSeconds(elapsed),
      this.pace(this.steps, now),
    ];
    const title = this.title ? [this.title] : [];
    this.target.write(`${[...title, ...parts, ...formatLogs(values)].join(' - ')}${wait}\n`);
  }

  /** The epoch is not finished: ends the line of an open bar. */
  abandon(): void {
    if (this.isOpen) this.target.write('\n');
  }

  private line(done: number, seconds: number, now: number): string {
    const full = Math.floor((done / this.steps) * CELLS);
    const count = `${String(done).padStart(String(this.steps).length)}/${this.steps}`;
    const bar = `\x1b[32m${'━'.repeat(full)}\x1b[0m\x1b[37m${'━'.repeat(CELLS - full)}\x1b[0m`;
    const time = `\x1b[1m${formatSeconds(seconds)}\x1b[0m ${this.pace(done, now)}`;
    return [`\x1b[1m${count}\x1b[0m ${bar} ${time}`, ...formatLogs(this.values)].join(' - ');
  }

  private pace(done: number, now: number): string {
    const seconds = secondsPerStep(now, this.start, this.afterFirst, done);
    if (seconds >= 1) return `${seconds.toFixed(0)}s/step`;
    if (seconds >= 1e-3) return `${(seconds * 1e3).toFixed(0)}ms/step`;
    return `${(seconds * 1e6).toFixed(0)}us/step`;
  }
}

/** Without the first step, which compiles kernels. */
function secondsPerStep(now: number, start: number, afterFirst: number, done: number): number {
  return done > 1 ? (now - afterFirst) / 1000 / (done - 1) : (now - start) / 1000;
}

function formatSeconds(seconds: number): string {
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
  if (seconds >= 3600) {
    return `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
  }
  if (seconds >= 60) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  return `${Math.floor(seconds)}s`;
}

/** 'accuracy: 0.5231', in the order of the names; small numbers with an exponent. */
function formatLogs(values: Logs): string[] {
  return Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => {
      const plain = Math.abs(value) > 1e-3 || !Number.isFinite(value);
      return `${name}: ${plain ? value.toFixed(4) : value.toExponential(4)}`;
    });
}
