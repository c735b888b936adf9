import { FoveaError } from '../errors.js';
import { formatShape } from '../shape.js';
import type { HostArray, Values } from './data.js';

/** What elements become in a batch. */
export type Batched<T> = T extends HostArray | number
  ? HostArray
  : T extends string
    ? readonly string[]
    : { readonly [K in keyof T]: Batched<T[K]> };

/**
 * Joins the elements of a batch: arrays of equal shape along a new first axis, numbers to an array [n]
 * (int32 where all are integers), texts to a list, records name by name.
 *
 * @throws FoveaError SHAPE when arrays differ in shape, DATA for anything else
 */
export function stack<T>(elements: readonly T[]): Batched<T> {
  return stackValues(elements, 'the element') as Batched<T>;
}

function stackValues(values: readonly unknown[], what: string): unknown {
  const [first] = values;
  if (typeof first === 'number') return stackNumbers(values as readonly number[]);
  if (typeof first === 'string') return values;
  if (isHostArray(first)) return stackArrays(values as readonly HostArray[], what);
  if (typeof first === 'object' && first !== null && !ArrayBuffer.isView(first)) {
    const names = Object.keys(first);
    return Object.fromEntries(
      names.map((name) => [
        name,
        stackValues(
          values.map((value) => (value as Record<string, unknown>)[name]),
          name,
        ),
      ]),
    );
  }
  throw new FoveaError(
    'DATA',
    `batch: ${what} is of a kind that cannot be joined: ${kind(first)}`,
    {
      hint: 'Elements are numbers, texts, arrays { data, shape }, or records of these.',
    },
  );
}

function kind(value: unknown): string {
  return ArrayBuffer.isView(value)
    ? value.constructor.name
    : value === null
      ? 'null'
      : typeof value;
}

function isHostArray(value: unknown): value is HostArray {
  return typeof value === 'object' && value !== null && 'data' in value && 'shape' in value;
}

function stackNumbers(values: readonly number[]): HostArray {
  const List = values.every(Number.isInteger) ? Int32Array : Float32Array;
  return { data: List.from(values), shape: [values.length] };
}

function stackArrays(arrays: readonly HostArray[], what: string): HostArray {
  const { shape, data: first } = arrays[0]!;
  const size = first.length;
  const data = likeValues(first, size * arrays.length);
  arrays.forEach((array, i) => {
    if (array.shape.length !== shape.length || array.shape.some((n, k) => n !== shape[k])) {
      throw new FoveaError(
        'SHAPE',
        `batch: ${what} has shape ${formatShape(shape)} in one element and ` +
          `${formatShape(array.shape)} in another`,
        { hint: 'Bring pictures to one size first.' },
      );
    }
    data.set(array.data, i * size);
  });
  return { data, shape: [arrays.length, ...shape] };
}

type TypedValues = Exclude<Values, readonly number[]>;

function likeValues(values: Values, length: number): TypedValues {
  if (!ArrayBuffer.isView(values)) return new Float32Array(length);
  const List = values.constructor as new (length: number) => TypedValues;
  return new List(length);
}
