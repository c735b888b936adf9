import { FoveaError } from '../../errors.js';
import type { HostArray, Values } from '../../nn/data.js';
import { Dataset } from '../../nn/dataset.js';
import { sizeOf, formatShape } from '../../shape.js';

/**
 * Arrays as a data set: element i is a record of the rows i. Rows of one number are numbers.
 *
 * @param arrays of equal length: `{ x: { data, shape: [n, ...] }, y: labels }`
 * @throws FoveaError SHAPE when they differ in length, or values do not fill a shape
 */
export function fromTensors<R extends Readonly<Record<string, HostArray | Values>>>(
  arrays: R,
): Dataset<{ readonly [K in keyof R]: R[K] extends HostArray ? HostArray : number }> {
  const entries = Object.entries(arrays).map(([name, array]) => {
    const { data, shape } = 'shape' in array ? array : { data: array, shape: [array.length] };
    if (sizeOf(shape) === data.length) return { name, data, shape };
    throw new FoveaError(
      'SHAPE',
      `fromTensors: ${data.length} values of ${name} do not fill ${formatShape(shape)}`,
    );
  });
  const counts = entries.map(({ shape }) => shape[0] ?? 0);
  if (entries.length === 0 || new Set(counts).size !== 1) {
    const got = entries.map(({ name, shape }) => `${name} ${formatShape(shape)}`).join(', ');
    throw new FoveaError(
      'SHAPE',
      `fromTensors: arrays must have equally many rows, got ${got || 'none'}`,
    );
  }
  return new Dataset(
    counts[0]!,
    (index) =>
      Object.fromEntries(
        entries.map(({ name, data, shape }) => [name, rowOf(data, shape, index)]),
      ) as { readonly [K in keyof R]: R[K] extends HostArray ? HostArray : number },
  );
}

function rowOf(data: Values, [, ...shape]: readonly number[], index: number): HostArray | number {
  if (shape.length === 0) return data[index]!;
  const size = sizeOf(shape);
  const [from, to] = [index * size, (index + 1) * size];
  return { data: ArrayBuffer.isView(data) ? data.subarray(from, to) : data.slice(from, to), shape };
}

/**
 * Class numbers as one-hot rows [n, classes] of float32: Keras's `to_categorical`.
 *
 * @param classes default: one more than the largest number
 * @throws FoveaError DATA when a number is no class
 */
export function toCategorical(
  labels: ArrayLike<number>,
  classes = Array.from(labels).reduce((most, label) => Math.max(most, label), -1) + 1,
): { readonly data: Float32Array; readonly shape: [number, number] } {
  const data = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new FoveaError(
        'DATA',
        `toCategorical: label ${i} is ${label}; classes are 0 to ${classes - 1}`,
      );
    }
    data[i * classes + label] = 1;
  }
  return { data, shape: [labels.length, classes] };
}
