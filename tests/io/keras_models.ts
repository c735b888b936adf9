/** The models of tests/fixtures/models, and what Keras computes with them: see make_models.py. */
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { StoredTensor } from '../../src/io/formats/array.js';
import { sizeOf } from '../../src/shape.js';
import expectedJson from '../fixtures/models/expected.json' with { type: 'json' };

/** What Keras computed with the models in `files`. */
export interface Expected {
  readonly files: readonly string[];
  readonly inputs: readonly (readonly number[])[];
  readonly targets?: readonly (readonly [classes: number, kind?: string])[];
  readonly before: readonly (readonly number[])[];
  readonly after?: readonly (readonly number[])[];
  readonly history?: Readonly<Record<string, readonly number[]>>;
  readonly fit?: { epochs: number; batch_size: number; validation_split?: number };
}

/** By the name of the model. */
export const kerasModels = expectedJson as unknown as Readonly<Record<string, Expected>>;
/** Where the files are. */
export const modelFolder = fileURLToPath(new URL('../fixtures/models/', import.meta.url));

function wave(shape: readonly number[], phase: number): StoredTensor {
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(0.37 * i + phase));
  return { dtype: 'float32', data, shape: [...shape] };
}

const samples = ({ inputs }: Expected): number => (inputs.length === 2 ? 10 : 12);

/** What Keras was given. */
export function inputsOf(expected: Expected): StoredTensor[] {
  return expected.inputs.map((shape, i) => wave([samples(expected), ...shape], i));
}

/** What Keras was trained for. */
export function targetsOf(expected: Expected): StoredTensor[] {
  const n = samples(expected);
  return expected.targets!.map(([classes, kind]) => {
    const labels = Int32Array.from({ length: n }, (_, i) => (7 * i) % classes);
    if (kind === 'wave') return wave([n, classes], 2);
    if (kind === 'number') return { dtype: 'int32', data: labels, shape: [n, 1] };
    if (kind !== 'one-hot') return { dtype: 'int32', data: labels, shape: [n] };
    const data = [...labels].flatMap((k) => Array.from({ length: classes }, (_, i) => +(i === k)));
    return { dtype: 'float32', data: Float32Array.from(data), shape: [n, classes] };
  });
}

/** Expects lists to differ by less than a share of the largest value. */
export function expectClose(
  actual: readonly (readonly number[])[],
  expected: readonly (readonly number[])[],
  tolerance: number,
): void {
  expect(actual.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
  actual.forEach((values, i) => {
    const largest = Math.max(...expected[i]!.map(Math.abs));
    const off = Math.max(...values.map((v, k) => Math.abs(v - expected[i]![k]!)));
    expect(off / largest).toBeLessThan(tolerance);
  });
}
