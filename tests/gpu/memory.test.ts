import { expect, it } from 'vitest';
import { FoveaError } from '../../src/errors.js';
import { Memory, Reserve, type Block } from '../../src/gpu/memory.js';

const MIB = 2 ** 20;

/** A pool over pretended buffers, with what was made, forgotten and destroyed. */
function pool(maxBufferSize = 1024 * MIB): {
  memory: Memory;
  created: number[];
  forgotten: Block[];
  destroyed: number[];
} {
  const created: number[] = [];
  const forgotten: Block[] = [];
  const destroyed: number[] = [];
  const create = (bytes: number): GPUBuffer => {
    created.push(bytes);
    return { destroy: () => void destroyed.push(bytes) } as unknown as GPUBuffer;
  };
  const memory = new Memory(create, maxBufferSize, (block) => void forgotten.push(block));
  return { memory, created, forgotten, destroyed };
}

it('rounds up to quarter octaves of at least 256 bytes', () => {
  const { memory, created } = pool();
  for (const bytes of [16, 256, 257, 1024, 1025, 1281, 4096, 4097, 1e6]) memory.allocate(bytes);
  expect(created).toEqual([256, 256, 512, 1024, 1280, 1536, 4096, 5120, 1048576]);
});

it('wastes at most a quarter', () => {
  const { memory, created } = pool();
  for (let bytes = 1100; bytes < 1e8; bytes = Math.ceil(bytes * 1.07)) {
    memory.allocate(bytes);
    expect(created.at(-1)! / bytes).toBeGreaterThanOrEqual(1);
    expect(created.at(-1)! / bytes).toBeLessThanOrEqual(1.25);
  }
});

it('reuses a freed buffer of the same class, and only of the same', () => {
  const { memory } = pool();
  const first = memory.allocate(1000);
  first.release();
  expect(memory.allocate(900).block).toBe(first.block);
  expect(memory.allocate(900).block).not.toBe(first.block);
  expect(memory.info().buffersCreated).toBe(2);
});

it('frees with the last of several users', () => {
  const { memory } = pool();
  const storage = memory.allocate(1000).retain();
  storage.release();
  expect(memory.info().liveStorages).toBe(1);
  storage.release();
  expect(memory.info()).toMatchObject({ liveStorages: 0, liveBytes: 0 });
});

it('counts what is live, the peak, and the buffers', () => {
  const { memory } = pool();
  const storages = [1000, 2000, 3000].map((bytes) => memory.allocate(bytes));
  storages[1]!.release();
  expect(memory.info()).toEqual({
    liveStorages: 2,
    liveBytes: 4000,
    peakBytes: 6000,
    bufferBytes: 1024 + 2048 + 3072,
    buffersCreated: 3,
  });
});

it('counts in the peak alone what is set apart', () => {
  const { memory } = pool();
  memory.allocate(1000);
  memory.setApart(new Reserve(), () => {
    memory.allocate(2000).release();
    memory.allocate(3000);
    memory.allocate(500).release();
  });
  expect(memory.info()).toMatchObject({ liveStorages: 1, liveBytes: 1000, peakBytes: 4500 });
  memory.allocate(3000);
  expect(memory.info()).toMatchObject({ liveBytes: 4000, peakBytes: 4500 });
});

it('destroys surplus buffers when the open chunk is gone, not before', () => {
  const { memory, destroyed, forgotten } = pool();
  const storages = Array.from({ length: 5 }, () => memory.allocate(64 * MIB));
  const last = storages.at(-1)!;
  for (const storage of storages) storage.release();
  // 256 MiB are kept for reuse.
  expect(destroyed).toEqual([]);
  memory.collect();
  expect(destroyed).toEqual([64 * MIB]);
  expect(forgotten).toEqual([last.block]);
  expect(memory.info().bufferBytes).toBe(256 * MIB);
  memory.collect();
  expect(destroyed).toHaveLength(1);
});

it('keeps as much for reuse as is in use', () => {
  const { memory, destroyed } = pool();
  const held = memory.allocate(512 * MIB);
  const others = Array.from({ length: 6 }, () => memory.allocate(64 * MIB));
  for (const storage of others) storage.release();
  memory.collect();
  expect(destroyed).toEqual([]);
  held.release();
  memory.collect();
  expect(destroyed).toEqual([512 * MIB]);
});

it('throws LIMIT above the largest buffer, and fits into it exactly', () => {
  const { memory, created } = pool(5000);
  memory.allocate(5000);
  expect(created).toEqual([5000]);
  expect(() => memory.allocate(5001)).toThrow(FoveaError);
  expect(() => memory.allocate(5001)).toThrow(/5001 bytes is larger than the 5000 bytes/);
  expect(memory.info().liveStorages).toBe(1);
});
