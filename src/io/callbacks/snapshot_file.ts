import { crc32 } from 'node:zlib';
import { FoveaError } from '../../errors.js';
import type { Snapshot } from '../../nn/run.js';
import { bytesOf, type StoredTensor } from '../formats/array.js';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.js';

/**
 * The bytes of a safetensors file that holds the state of a training: its tensors, with the JSON of
 * everything else and a checksum of all as metadata.
 */
export function encodeSnapshot({ position, tensors }: Snapshot): Uint8Array {
  const stored = new Map(
    [...tensors].map(([name, data]) => {
      const dtype = data instanceof Int32Array ? 'int32' : 'float32';
      return [name, { dtype, shape: [data.length], data } as StoredTensor] as const;
    }),
  );
  const json = JSON.stringify(position, (_, value: unknown) =>
    // JSON has no such numbers.
    typeof value === 'number' && !Number.isFinite(value) ? { notFinite: String(value) } : value,
  );
  return writeSafetensors(stored, { position: json, checksum: checksum(json, stored) });
}

/** Reads what `encodeSnapshot` wrote. Throws FILE when it is anything else, or damaged. */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const { tensors, metadata } = readSafetensors(bytes);
  const { position = '' } = metadata;
  if (metadata['checksum'] !== checksum(position, tensors)) {
    throw new FoveaError('FILE', 'it is no snapshot of a training, or it is damaged');
  }
  return {
    position: JSON.parse(position, (_, value: unknown) =>
      typeof value === 'object' && value !== null && 'notFinite' in value
        ? Number(value.notFinite)
        : value,
    ) as Snapshot['position'],
    tensors: new Map(
      [...tensors].map(([name, { data }]) => [name, data as Float32Array | Int32Array]),
    ),
  };
}

function checksum(json: string, tensors: ReadonlyMap<string, StoredTensor>): string {
  let sum = crc32(json);
  for (const name of [...tensors.keys()].sort()) {
    sum = crc32(bytesOf(tensors.get(name)!), crc32(name, sum));
  }
  return sum.toString(16);
}
