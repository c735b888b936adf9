import { expect } from 'vitest';
import type { Serialized } from '../../src/nn/config.js';

/** Keras's config as fovea takes it: the same keys, in camelCase. */
export function fromKeras(className: string, config: object): Serialized {
  return { className, config: camelKeys(config) as Record<string, unknown> };
}

/** fovea's config as Keras writes it: the same keys, in snake_case. */
export function toKeras({ config }: Serialized): Record<string, unknown> {
  return renamed(config, (key) =>
    key.replace(/[A-Z]|\d$/g, (c) => (key === 'l1' || key === 'l2' ? c : `_${c.toLowerCase()}`)),
  );
}

/** The keys of a Keras config that stand for nothing fovea has, with the values they must have. */
export function withoutAbsent(config: object, absent: object): Record<string, unknown> {
  const entries = Object.entries(config).filter(([key, value]) => {
    if (!Object.hasOwn(absent, key)) return true;
    if (key !== 'name') expect(value, key).toEqual(absent[key as keyof typeof absent]);
    return false;
  });
  return Object.fromEntries(entries);
}

/** Expects values within a relative error of 1e-6, and an absolute one where that is said. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: readonly number[],
  where: string,
  absolute = 0,
): void {
  expect(actual.length, where).toBe(expected.length);
  expected.forEach((value, i) => {
    const error = Math.abs(actual[i]! - value);
    const limit = 1e-6 * Math.abs(value) + absolute;
    expect(error, `${where} [${i}]: ${actual[i]} instead of ${value}`).toBeLessThanOrEqual(limit);
  });
}

function camelKeys(value: unknown): unknown {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  const named = renamed(value, (key) => key.replace(/_(.)/g, (_, c: string) => c.toUpperCase()));
  return Object.fromEntries(Object.entries(named).map(([key, v]) => [key, camelKeys(v)]));
}

function renamed(value: object, name: (key: string) => string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [name(key), v as unknown]));
}
