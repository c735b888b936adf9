import { FoveaError } from '../errors.js';
import { Random } from '../random.js';
import { stack, type Batched } from './stack.js';
import { deriveSeed, randomSeed } from './seeds.js';

/** What a function of `map` is told besides the element. */
export interface ElementContext {
  /** Number of the element. */
  readonly index: number;
  /** Number of the pass over the data: the epoch in `fit`. */
  readonly pass: number;
}

/** What stands for an element that could not be made; batches and iterations leave it out. */
export const LEFT_OUT = Symbol('left out');

/** Makes an element; `LEFT_OUT` where it cannot be made and training shall go on without. */
export type ElementSource<T> = (
  index: number,
  pass: number,
) => T | typeof LEFT_OUT | Promise<T | typeof LEFT_OUT>;

/** Options of `Dataset.shuffle`. */
export interface ShuffleOptions {
  /** An integer from 0. Default: another one each time. */
  readonly seed?: number;
  /** Whether each pass has another order. Default true. */
  readonly reshuffleEachIteration?: boolean;
}

/** Options of `Dataset.batch`. */
export interface BatchOptions {
  /** Whether a last, smaller batch is left out. Default false. */
  readonly dropRemainder?: boolean;
}

/**
 * Elements that are made when they are needed: pictures of a folder, say. An element is anything;
 * `fit` and `evaluate` take batches `{ x, y }`, with `sampleWeight` where samples count differently.
 *
 * Elements have numbers, and each is made on its own. So a data set can be shuffled as a whole, a
 * training goes on in the middle of an epoch without reading what comes before, and several elements
 * are made at the same time. Methods return new data sets and compute nothing.
 *
 * Going through it (`for await`) is a pass. Passes are numbered, and the number and the seed decide the
 * order of a shuffled set.
 */
export class Dataset<T> implements AsyncIterable<T> {
  private passes = 0;

  /**
   * @param size number of elements
   * @param source makes one; called for several at the same time
   * @param ahead how many elements are made before they are asked for, at most
   */
  constructor(
    readonly size: number,
    readonly source: ElementSource<T>,
    readonly ahead = 2,
  ) {
    checkCount('Dataset: size', size, 0);
  }

  /**
   * One element.
   *
   * @throws FoveaError ARGUMENT when there is no such number, DATA when it had to be left out
   */
  async at(index: number, pass = 0): Promise<T> {
    if (!Number.isInteger(index) || index < 0 || index >= this.size) {
      throw new FoveaError('ARGUMENT', `there is no element ${index}, the size is ${this.size}`);
    }
    const element = await this.source(index, pass);
    if (element !== LEFT_OUT) return element;
    throw new FoveaError('DATA', `element ${index} is left out: it could not be read`);
  }

  /** Applies a function to each element. */
  map<U>(fn: (element: T, context: ElementContext) => U | Promise<U>): Dataset<U> {
    return this.derive(this.size, async (index, pass) => {
      const element = await this.source(index, pass);
      return element === LEFT_OUT ? LEFT_OUT : fn(element, { index, pass });
    });
  }

  /**
   * Joins elements to batches. Arrays of equal shape are stacked, numbers become an array [n] (int32
   * where all are integers), texts a list; records are joined name by name.
   */
  batch(batchSize: number, { dropRemainder = false }: BatchOptions = {}): Dataset<Batched<T>> {
    checkCount('batch: batchSize', batchSize, 1);
    const whole = Math.floor(this.size / batchSize);
    const size = dropRemainder ? whole : Math.ceil(this.size / batchSize);
    return this.derive(size, async (index, pass) => {
      const first = index * batchSize;
      const count = Math.min(batchSize, this.size - first);
      const all = await Promise.all(
        Array.from({ length: count }, async (_, i) => this.source(first + i, pass)),
      );
      const elements = all.filter((element) => element !== LEFT_OUT);
      return elements.length === 0 ? LEFT_OUT : stack(elements);
    });
  }

  /** Puts all elements into random order; each pass into another one. */
  shuffle({ seed, reshuffleEachIteration = true }: ShuffleOptions = {}): Dataset<T> {
    const base = seed ?? randomSeed();
    const last: { pass?: number; order: Int32Array } = { order: new Int32Array() };
    const orderOf = (pass: number): Int32Array => {
      if (last.pass !== pass) {
        const order = Int32Array.from({ length: this.size }, (_, i) => i);
        Object.assign(last, { pass, order: new Random(deriveSeed(base, pass)).shuffle(order) });
      }
      return last.order;
    };
    return this.derive(this.size, (index, pass) =>
      this.source(orderOf(reshuffleEachIteration ? pass : 0)[index]!, pass),
    );
  }

  /** The first `count` elements, or all where there are fewer. */
  take(count: number): Dataset<T> {
    checkCount('take: count', count, 0);
    return this.derive(Math.min(count, this.size), this.source);
  }

  /** All but the first `count` elements. */
  skip(count: number): Dataset<T> {
    checkCount('skip: count', count, 0);
    const size = Math.max(0, this.size - count);
    return this.derive(size, (index, pass) => this.source(index + count, pass));
  }

  /** Keeps every element in memory once it is made: what comes before happens in one pass only. */
  cache(): Dataset<T> {
    const kept = new Map<number, ReturnType<ElementSource<T>>>();
    return this.derive(this.size, (index) => {
      const known = kept.get(index);
      if (known !== undefined) return known;
      const made = Promise.resolve(this.source(index, 0));
      kept.set(index, made);
      // What fails now may work later.
      made.catch(() => kept.delete(index));
      return made;
    });
  }

  /** Makes up to `count` elements before they are asked for, while others are used. Default 2. */
  prefetch(count: number): Dataset<T> {
    checkCount('prefetch: count', count, 0);
    return new Dataset(this.size, this.source, count);
  }

  /** Goes through the elements `count` times in one pass; a shuffled set in another order each time. */
  repeat(count: number): Dataset<T> {
    checkCount('repeat: count', count, 0);
    return this.derive(this.size * count, (index, pass) =>
      this.source(index % this.size, pass * count + Math.floor(index / this.size)),
    );
  }

  /** The elements, in the order of a pass that has not been yet. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const element of this.pass(this.passes++)) {
      if (element !== LEFT_OUT) yield element;
    }
  }

  /**
   * The elements of one pass from number `first` on, `LEFT_OUT` for those that could not be made. Of
   * those that are made ahead, errors count when it is their turn.
   *
   * @param abandon is given what was made ahead in vain, when nobody goes on
   */
  async *pass(
    pass: number,
    first = 0,
    abandon: (element: T) => void = () => undefined,
  ): AsyncGenerator<T | typeof LEFT_OUT, void, undefined> {
    const waiting: Promise<T | typeof LEFT_OUT>[] = [];
    let next = first;
    try {
      while (next < this.size || waiting.length > 0) {
        while (next < this.size && waiting.length <= this.ahead) {
          const index = next++;
          const element = Promise.resolve().then(() => this.source(index, pass));
          element.catch(() => undefined);
          waiting.push(element);
        }
        yield await waiting.shift()!;
      }
    } finally {
      for (const result of await Promise.allSettled(waiting)) {
        if (result.status === 'fulfilled' && result.value !== LEFT_OUT) abandon(result.value);
      }
    }
  }

  /** Elements with the same number from several data sets, as one record; ends with the shortest. */
  static zip<R extends Readonly<Record<string, unknown>>>(sets: {
    readonly [K in keyof R]: Dataset<R[K]>;
  }): Dataset<R> {
    const entries = Object.entries(sets) as [string, Dataset<unknown>][];
    if (entries.length === 0) throw new FoveaError('ARGUMENT', 'zip: there are no data sets');
    const size = Math.min(...entries.map(([, set]) => set.size));
    return new Dataset<R>(size, async (index, pass) => {
      const parts = await Promise.all(entries.map(([, set]) => set.source(index, pass)));
      if (parts.includes(LEFT_OUT)) return LEFT_OUT;
      return Object.fromEntries(entries.map(([name], i) => [name, parts[i]])) as R;
    });
  }

  private derive<U>(size: number, source: ElementSource<U>): Dataset<U> {
    return new Dataset(size, source, this.ahead);
  }
}

function checkCount(what: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new FoveaError('ARGUMENT', `${what} must be an integer from ${least}, got ${value}`);
}
