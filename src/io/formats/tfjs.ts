import { FoveaError } from '../../errors.js';
import {
  arrayBytes,
  decodeArray,
  numberBytes,
  numberReader,
  type NumberKind,
  type StoredTensor,
} from './array.js';
import { checkMemberName } from './names.js';
import { shown } from './shown.js';

/** How a weight was made smaller: value = q * scale + min; float16 needs neither. */
interface Quantization {
  readonly kind: 'uint8' | 'uint16' | 'float16';
  readonly scale: number;
  readonly min: number;
}

const kinds: readonly string[] = ['float32', 'int32', 'bool', 'uint8', 'uint16', 'float16'];

/**
 * Reads the weights of a TensorFlow.js model: `weightsManifest` as it is in its `model.json`.
 * Weights that were quantised to uint8, uint16 or float16 come in their own type.
 *
 * Format: https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts
 *
 * @param shard gives the bytes of a file that the manifest names; called once for each
 * @returns the weights by name, in the order of the manifest
 * @throws FoveaError `FILE` when the manifest breaks the format, the shards are not as long as it
 *   says, or a weight is text or complex
 */
export function readTfjsWeights(
  weightsManifest: unknown,
  shard: (path: string) => Uint8Array,
): Map<string, StoredTensor> {
  const weights = new Map<string, StoredTensor>();
  const seen = new Set<string>();
  const once = (path: string): Uint8Array => {
    if (seen.has(path)) throw invalid(`it names the shard '${path}' twice`);
    seen.add(path);
    return shard(path);
  };
  for (const group of listOf(weightsManifest, 'weightsManifest')) {
    const { paths, weights: entries } = objectOf(group, 'a group');
    const bytes = concatenated(listOf(paths, "'paths'"), once);
    let at = 0;
    for (const entry of listOf(entries, "'weights'")) {
      const weight = objectOf(entry, 'a weight');
      const { name } = weight;
      if (typeof name !== 'string') throw invalid(`a weight is named ${shown(name)}`);
      if (weights.has(name)) throw invalid(`it holds '${name}' twice`);
      const { tensor, size } = readWeight(name, weight, bytes.subarray(at));
      weights.set(name, tensor);
      at += size;
    }
    if (at !== bytes.length) {
      throw invalid(`a group has ${bytes.length} bytes, but its weights take ${at}`);
    }
  }
  return weights;
}

/** A weight from the begin of `bytes`, and how many of them it takes. */
function readWeight(
  name: string,
  { shape, dtype, quantization }: Readonly<Record<string, unknown>>,
  bytes: Uint8Array,
): { tensor: StoredTensor; size: number } {
  const what = `Weight '${name}'`;
  if (typeof dtype !== 'string' || !kinds.includes(dtype)) {
    throw new FoveaError('FILE', `${what} has the type ${shown(dtype)}, which is not supported.`);
  }
  const packing = quantization === undefined ? undefined : parseQuantization(what, quantization);
  const kind = packing?.kind ?? (dtype as NumberKind);
  const sizes = listOf(shape, `the shape of '${name}'`) as readonly number[];
  const size = arrayBytes(what, sizes, kind, bytes.length);
  const raw = bytes.subarray(0, size);
  const tensor = packing
    ? dequantized(what, raw, sizes, dtype, packing)
    : decodeArray(what, raw, sizes, kind);
  return { tensor, size };
}

function parseQuantization(what: string, value: unknown): Quantization {
  const { dtype, scale = 1, min = 0 } = objectOf(value, `the quantization of ${what}`);
  const known = dtype === 'uint8' || dtype === 'uint16' || dtype === 'float16';
  if (!known || typeof scale !== 'number' || typeof min !== 'number') {
    throw invalid(`${what} has a quantization of type ${shown(dtype)}`);
  }
  return { kind: dtype, scale, min };
}

function dequantized(
  what: string,
  raw: Uint8Array,
  shape: readonly number[],
  dtype: string,
  { kind, scale, min }: Quantization,
): StoredTensor {
  const read = numberReader(raw, kind);
  const count = raw.length / numberBytes[kind];
  const value = kind === 'float16' ? read : (i: number) => read(i) * scale + min;
  if (dtype === 'float32') {
    const data = new Float32Array(count);
    for (let i = 0; i < count; i++) data[i] = value(i);
    return { dtype, shape, data };
  }
  if (dtype === 'int32' && kind !== 'float16') {
    const data = new Int32Array(count);
    for (let i = 0; i < count; i++) data[i] = Math.round(value(i));
    return { dtype, shape, data };
  }
  throw new FoveaError('FILE', `${what} of type ${dtype} cannot be quantised to ${kind}.`);
}

function concatenated(paths: readonly unknown[], shard: (path: string) => Uint8Array): Uint8Array {
  const parts = paths.map((path) => {
    if (typeof path !== 'string') throw invalid(`a path is ${shown(path)}`);
    checkMemberName(path, 'FILE');
    return shard(path);
  });
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw invalid(`${what} is ${shown(value)}, not a list`);
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw invalid(`${what} is ${shown(value)}, not an object`);
}

function invalid(reason: string): FoveaError {
  return new FoveaError('FILE', `Not a usable weights manifest of TensorFlow.js: ${reason}.`);
}
