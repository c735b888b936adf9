import { FoveaError } from '../errors.js';
import { readFileOrThrow } from '../io/files.js';
import type { StoredTensor } from '../io/formats/array.js';
import { readNpy } from '../io/formats/npy.js';

/** Reads a .npy file. */
export async function readArray(path: string): Promise<StoredTensor> {
  const bytes = await readFileOrThrow(path);
  try {
    return readNpy(bytes);
  } catch (cause) {
    throw new FoveaError('FILE', `${path}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * One value for each name, from a flag that is repeated: in the model's order, or as NAME=VALUE.
 *
 * @param flag for errors: '--input'
 * @throws FoveaError ARGUMENT when some are missing, too many, or named otherwise
 */
export function perName(
  flag: string,
  values: readonly string[],
  names: readonly string[],
): string[] {
  const named = new Map<string, string>();
  const plain: string[] = [];
  for (const value of values) {
    const name = names.find((each) => value.startsWith(`${each}=`));
    if (name === undefined) plain.push(value);
    else named.set(name, value.slice(name.length + 1));
  }
  const all = names.map((name) => named.get(name) ?? plain.shift());
  if (plain.length === 0 && all.every((value) => value !== undefined)) return all;
  throw new FoveaError(
    'ARGUMENT',
    `${flag}: got ${values.length}, the model has ${names.length}: ${names.join(', ')}`,
    { hint: `Repeat ${flag} in this order, or write ${flag} NAME=FILE.` },
  );
}

/** Arrays for a model, read from the files of a repeated flag. */
export async function readArrays(
  flag: string,
  values: readonly string[],
  names: readonly string[],
): Promise<StoredTensor[]> {
  const arrays: StoredTensor[] = [];
  for (const path of perName(flag, values, names)) arrays.push(await readArray(path));
  return arrays;
}
