import { note } from '#host';
import type { CacheEntry } from './host.js';

/** One way to compute something. */
export interface Way {
  /** Unique among the ways to compute the same. */
  readonly name: string;
}

/** Whether the fastest way is measured ('auto'), or a fixed rule decides ('off'). */
export type TuneMode = 'auto' | 'off';

/** What a `Tuner` needs of its device. */
export interface TunerOptions {
  readonly mode: TuneMode;
  /** What the choices hold for: adapter, driver, kernels. */
  readonly identity: string;
  /** Where choices are kept between processes. */
  readonly store: CacheEntry;
  /** Whether commands that are recorded now are run, and their time can be taken. */
  readonly canTime: () => boolean;
  /** Runs `fn`; resolves to the nanoseconds that its commands took on the GPU, NaN where they failed. */
  readonly time: (fn: () => void) => Promise<number>;
}

/** Ways that are tried out. */
const TRIED = 4;
/** How often each of them is. */
const REPEATS = 4;
/** A way further down must be this much faster. */
const GAIN = 0.97;

interface Measured {
  readonly way: Way;
  readonly nanoseconds: number;
}

interface File {
  readonly schema: 'tuning/1';
  readonly identity: string;
  readonly choices: Readonly<Record<string, string>>;
}

/**
 * Chooses between ways to compute the same. The first time, the best few are run one after the other
 * on the real data, and their times are taken; nobody waits for these. The next times, the fastest is
 * known. Choices are kept for later processes.
 */
export class Tuner {
  private readonly choices = new Map<string, string>();
  private readonly tried = new Set<string>();
  /** What is being measured. */
  private readonly open = new Set<Promise<void>>();
  private saved: Promise<void> = Promise.resolve();

  constructor(private readonly options: TunerOptions) {}

  /** Whether it measures at all. */
  get isActive(): boolean {
    return this.options.mode === 'auto';
  }

  /** Whether times are awaited: choices may soon be others. */
  get isTiming(): boolean {
    return this.open.size > 0;
  }

  /** Reads what was kept. What cannot be used is left out, with a note. */
  async load(): Promise<void> {
    if (this.options.mode === 'off') return;
    try {
      for (const [key, name] of await this.kept()) this.choices.set(key, name);
    } catch (error) {
      note(`fovea: measured choices of kernels are not used, ${reason(error)}`);
    }
  }

  /**
   * Asked at each choice with the names of all ways and the one that would be taken; gives the one
   * that is. Nothing is measured while it is there. For `fovea kernels`.
   */
  onChoice: ((names: readonly string[], chosen: string) => string) | undefined;

  /**
   * The way to compute something.
   *
   * @param key what is computed, with its sizes
   * @param ranked all ways; the first is taken until times are known
   * @param tryOut computes it in one way; undefined where that cannot be repeated
   */
  choose<W extends Way>(
    key: string,
    ranked: readonly W[],
    tryOut: ((way: W) => void) | undefined,
  ): W {
    const known = this.choices.get(key);
    const found = ranked.find(({ name }) => name === known);
    const chosen = found ?? ranked[0]!;
    if (this.onChoice) {
      const names = ranked.map(({ name }) => name);
      const wanted = this.onChoice(names, chosen.name);
      return ranked.find(({ name }) => name === wanted) ?? chosen;
    }
    if (!found && tryOut && ranked.length > 1) this.tryOnce(key, ranked.slice(0, TRIED), tryOut);
    return chosen;
  }

  private tryOnce<W extends Way>(key: string, ways: readonly W[], tryOut: (way: W) => void): void {
    if (!this.isActive || this.tried.has(key) || !this.options.canTime()) return;
    this.tried.add(key);
    const measured = this.settle(key, this.measure(ways, tryOut));
    this.open.add(measured);
    void measured.finally(() => this.open.delete(measured));
  }

  /** Resolves when all times are known, and the choices are kept. */
  async settled(): Promise<void> {
    while (this.open.size > 0) await Promise.all(this.open);
    await this.saved;
  }

  /** Best time of each way; they take turns, so that none has a warmer GPU than the others. */
  private async measure<W extends Way>(
    ways: readonly W[],
    tryOut: (way: W) => void,
  ): Promise<readonly Measured[]> {
    const rounds = Array.from({ length: REPEATS }, () =>
      ways.map((way) => this.options.time(() => tryOut(way))),
    );
    const times = await Promise.all(rounds.map((round) => Promise.all(round)));
    return ways.map((way, i) => ({ way, nanoseconds: Math.min(...times.map((each) => each[i]!)) }));
  }

  private async settle(key: string, times: Promise<readonly Measured[]>): Promise<void> {
    // Where a way cannot be run at all, the first one remains.
    const measured = await times.catch(() => []);
    const valid = measured.filter(({ nanoseconds }) => nanoseconds > 0);
    if (valid.length === 0) return;
    const best = valid.reduce((a, b) => (b.nanoseconds < GAIN * a.nanoseconds ? b : a));
    this.choices.set(key, best.way.name);
    if (this.open.size <= 1) this.saved = this.saved.then(() => this.save());
  }

  /** Keeps the choices, with those that other processes have kept meanwhile. */
  private async save(): Promise<void> {
    const { store, identity } = this.options;
    const before = await this.kept().catch(() => []);
    const choices = Object.fromEntries([...before, ...this.choices]);
    const file: File = { schema: 'tuning/1', identity, choices };
    try {
      await store.write(`${JSON.stringify(file, undefined, 1)}\n`);
    } catch (error) {
      note(`fovea: measured choices of kernels are not kept, ${reason(error)}`);
    }
  }

  private async kept(): Promise<[key: string, name: string][]> {
    const text = await this.options.store.read();
    return text === undefined ? [] : Object.entries(parse(text, this.options.identity));
  }
}

/** The choices in a file. Throws an Error that says what is wrong with it. */
function parse(text: string, identity: string): Readonly<Record<string, string>> {
  const file = JSON.parse(text) as Partial<File> | null;
  if (file?.schema !== 'tuning/1' || !isObject(file.choices)) {
    throw new Error('the file is no list of choices');
  }
  if (file.identity !== identity) throw new Error('the file is of another adapter or version');
  const isName = ([, name]: [string, unknown]): boolean => typeof name === 'string';
  return Object.fromEntries(Object.entries(file.choices).filter(isName));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** A short name of a long text: equal for equal texts, hardly ever for others. */
export function digest(text: string): string {
  let [a, b] = [0x811c9dc5, 0x2bd5a1f3];
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(i), 0x85ebca6b) ^ (a >>> 15);
  }
  return [a, b].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
