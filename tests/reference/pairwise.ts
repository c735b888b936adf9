import { generator } from './array.js';

export type Parameters = Readonly<Record<string, readonly unknown[]>>;
export type Row<P extends Parameters> = { readonly [K in keyof P]: P[K][number] };

export interface PairwiseOptions<P extends Parameters> {
  /** Which rows may be used; pairs that no row may hold are left out. */
  readonly valid?: (row: Row<P>) => boolean;
  readonly seed?: number;
}

const GREEDY_TRIES = 20;
const RANDOM_TRIES = 400;

/** A row in the making: the number of the chosen value per parameter, -1 where still open. */
type Choice = number[];

class Table {
  readonly #counts: readonly number[];
  readonly #next: () => number;
  readonly open = new Set<number>();

  constructor(counts: readonly number[], seed: number) {
    this.#counts = counts;
    this.#next = generator(seed);
    for (let p = 0; p < counts.length; p++)
      for (let q = p + 1; q < counts.length; q++)
        for (let u = 0; u < counts[p]!; u++)
          for (let v = 0; v < counts[q]!; v++) this.open.add(this.key(p, u, q, v));
  }

  key(p: number, u: number, q: number, v: number): number {
    return p < q ? ((p * 64 + u) * 64 + q) * 64 + v : this.key(q, v, p, u);
  }

  /** The row that holds just this pair. */
  start(key: number): Choice {
    const choice = this.#counts.map(() => -1);
    choice[key >> 18] = (key >> 12) & 63;
    choice[(key >> 6) & 63] = key & 63;
    return choice;
  }

  gain(choice: Choice, p: number, u: number): number {
    return choice.reduce(
      (sum, v, q) => sum + Number(v >= 0 && q !== p && this.open.has(this.key(p, u, q, v))),
      0,
    );
  }

  /** Fills what is open, in random order: with the most useful values, or with any. */
  complete(start: Choice, greedy: boolean): Choice {
    const choice = [...start];
    const order = choice.map((_, p) => ({ p, at: this.#next() })).sort((a, b) => a.at - b.at);
    for (const { p } of order) {
      if (choice[p]! >= 0) continue;
      const worth = Array.from(
        { length: this.#counts[p]! },
        (_, u) => this.#next() + (greedy ? this.gain(choice, p, u) : 0),
      );
      choice[p] = worth.indexOf(Math.max(...worth));
    }
    return choice;
  }

  total(choice: Choice): number {
    return choice.reduce((sum, u, p) => sum + this.gain(choice, p, u), 0);
  }

  close(choice: Choice): void {
    choice.forEach((u, p) =>
      choice.forEach((v, q) => p < q && this.open.delete(this.key(p, u, q, v))),
    );
  }
}

/**
 * A small set of rows in which every pair of values of two parameters occurs at least once, as far
 * as some valid row can hold it. Greedy; the same seed gives the same rows.
 */
export function pairwise<const P extends Parameters>(
  parameters: P,
  { valid = () => true, seed = 1 }: PairwiseOptions<P> = {},
): Row<P>[] {
  const names = Object.keys(parameters);
  const table = new Table(
    names.map((name) => parameters[name]!.length),
    seed,
  );
  const row = (choice: Choice): Row<P> =>
    Object.fromEntries(choice.map((u, p) => [names[p]!, parameters[names[p]!]![u]])) as Row<P>;
  const usable = (choice: Choice): boolean => valid(row(choice));
  const rows: Row<P>[] = [];
  for (const key of table.open) {
    const start = table.start(key);
    const tries = Array.from({ length: GREEDY_TRIES }, () => table.complete(start, true));
    let best = tries.filter(usable).sort((a, b) => table.total(b) - table.total(a))[0];
    for (let i = 0; !best && i < RANDOM_TRIES; i++) {
      const choice = table.complete(start, false);
      if (usable(choice)) best = choice;
    }
    table.open.delete(key);
    if (!best) continue;
    table.close(best);
    rows.push(row(best));
  }
  return rows;
}
