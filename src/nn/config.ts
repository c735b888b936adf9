import { FoveaError } from '../errors.js';

/** What an object is made from again: its class in Keras and its options, as JSON can hold them. */
export interface Serialized {
  readonly className: string;
  /** Keras's options in camelCase. Objects that Keras nests are `Serialized` themselves. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Options as users may give them: any may be left out. */
export type Given<C> = { readonly [K in keyof C]?: C[K] | undefined };

/** A default for every option; undefined for those that must be given. */
export type Defaults<C> = { readonly [K in keyof C]: C[K] | undefined };

/** The factories of one kind of objects, by their camelCase names. */
type Factories<T> = Readonly<Record<string, (options: never) => T>>;

/**
 * Options with defaults for what was left out.
 *
 * @param className for errors
 * @throws FoveaError ARGUMENT for options that the class does not have, and for missing ones
 */
export function withDefaults<C extends object>(
  className: string,
  options: Given<C>,
  defaults: Defaults<C>,
): C {
  const known = Object.keys(defaults);
  const unknown = Object.keys(options).filter((key) => !known.includes(key));
  if (unknown.length > 0) {
    const allowed = known.length > 0 ? `allowed are ${quoted(known)}` : 'it has no options';
    throw new FoveaError(
      'ARGUMENT',
      `${className}: unknown options ${quoted(unknown)}; ${allowed}`,
    );
  }
  const entries = Object.entries<unknown>(defaults).map(([key, value]) => {
    const given = options[key as keyof C];
    return [key, given === undefined ? value : given] as const;
  });
  const missing = entries.find(([, value]) => value === undefined);
  if (missing) throw new FoveaError('ARGUMENT', `${className}: ${missing[0]} must be given`);
  return Object.fromEntries(entries) as C;
}

/** The properties of an object but those named. */
export function without<T extends object, K extends keyof T>(
  object: T,
  ...keys: readonly K[]
): Omit<T, K> {
  const entries = Object.entries(object).filter(([key]) => !keys.includes(key as K));
  return Object.fromEntries(entries) as Omit<T, K>;
}

/** Which numbers an option may have. */
export interface Range {
  readonly least?: number;
  readonly most?: number;
  readonly above?: number;
  readonly below?: number;
  readonly integer?: boolean;
  /** Whether null, for none, is allowed too. */
  readonly orNull?: boolean;
}

/** From 0 on. */
export const AT_LEAST_0: Range = { least: 0 };
/** What stays of a running mean. */
export const SHARE: Range = { least: 0, below: 1 };
/** Any finite number. */
export const ANY: Range = {};

/** Throws ARGUMENT unless the options named in `ranges` are finite numbers in their range. */
export function checkNumbers<C extends object>(
  className: string,
  config: C,
  ranges: { readonly [K in keyof C]?: Range },
): void {
  for (const [key, range] of Object.entries(ranges) as [string & keyof C, Range][]) {
    const value: unknown = config[key];
    if (isWithin(value, range)) continue;
    const got = typeof value === 'number' ? String(value) : JSON.stringify(value);
    throw new FoveaError('ARGUMENT', `${className}: ${key} must be ${describe(range)}, got ${got}`);
  }
}

function isWithin(value: unknown, range: Range): boolean {
  if (value === null) return range.orNull ?? false;
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  if (range.integer && !Number.isInteger(value)) return false;
  const { least = -Infinity, most = Infinity, above = -Infinity, below = Infinity } = range;
  return value >= least && value <= most && value > above && value < below;
}

function describe({ least, most, above, below, integer, orNull }: Range): string {
  const limits = [
    ...(least === undefined ? [] : [`at least ${least}`]),
    ...(above === undefined ? [] : [`more than ${above}`]),
    ...(most === undefined ? [] : [`at most ${most}`]),
    ...(below === undefined ? [] : [`less than ${below}`]),
  ].join(' and ');
  const noun = integer ? 'an integer' : limits === '' ? 'a number' : '';
  const words = [noun, integer && limits !== '' ? `of ${limits}` : limits].filter(Boolean);
  return `${words.join(' ')}${orNull ? ', or null' : ''}`;
}

/** Throws ARGUMENT unless an option is one of the allowed words. */
export function checkWord<T extends string>(
  className: string,
  option: string,
  value: T,
  allowed: readonly T[],
): void {
  if (allowed.includes(value)) return;
  throw new FoveaError(
    'ARGUMENT',
    `${className}: ${option} ${JSON.stringify(value)} is unknown; allowed are ${quoted(allowed)}`,
  );
}

/** Throws ARGUMENT unless the options are true or false. */
export function checkFlags<C extends object>(
  className: string,
  config: C,
  ...keys: readonly (string & keyof C)[]
): void {
  for (const key of keys) {
    if (typeof config[key] === 'boolean') continue;
    throw new FoveaError(
      'ARGUMENT',
      `${className}: ${key} must be true or false, got ${JSON.stringify(config[key])}`,
    );
  }
}

/**
 * Makes an object from a name or from its config. Names may be camelCase, Keras's snake_case, or
 * the class: 'glorotUniform', 'glorot_uniform', 'GlorotUniform'.
 *
 * @param what kind of object, for errors: 'optimizer'
 * @param aliases further names, in lower case, and what they stand for
 * @throws FoveaError ARGUMENT for unknown names and options
 */
export function lookUp<T>(
  what: string,
  factories: Factories<T>,
  wanted: string | Serialized,
  aliases: Readonly<Record<string, string>> = {},
): T {
  const name: unknown = typeof wanted === 'string' ? wanted : wanted.className;
  const key = typeof name === 'string' ? plain(name) : '';
  const meant = Object.hasOwn(aliases, key) ? aliases[key]! : key;
  const found = Object.entries(factories).find(([known]) => plain(known) === plain(meant));
  if (found) return found[1]((typeof wanted === 'string' ? {} : wanted.config) as never);
  throw new FoveaError(
    'ARGUMENT',
    `${what} ${typeof name === 'string' ? `'${name}'` : JSON.stringify(wanted)} is unknown; ` +
      `allowed are ${quoted(Object.keys(factories))}`,
  );
}

/** A name without what its spellings differ in. */
function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(', ');
}
