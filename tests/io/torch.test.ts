import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FoveaError } from '../../src/errors.js';
import { readPickle } from '../../src/io/formats/pickle.js';
import { readTorch } from '../../src/io/formats/torch.js';
import { readZip, writeZip } from '../../src/io/formats/zip.js';
import expected from '../fixtures/files/torch.json' with { type: 'json' };
import { mutated, randomOf } from './mutate.js';

function file(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../fixtures/files/${name}`, import.meta.url)));
}

/** A pickle from characters and codes. */
function pickle(...parts: readonly (string | number)[]): Uint8Array {
  const codes = parts.flatMap((part) =>
    typeof part === 'string' ? Array.from(part, (c) => c.charCodeAt(0)) : [part],
  );
  return Uint8Array.from([0x80, 2, ...codes]);
}

/** What a zip with that pickle gives. */
function read(...parts: readonly (string | number)[]): unknown {
  return readTorch(writeZip(new Map([['a/data.pkl', pickle(...parts)]])));
}

describe('state dicts that PyTorch wrote', () => {
  for (const name of ['torch_zip.pth', 'torch_legacy.pth']) {
    it(`${name}: every type, strides, empty and scalar tensors`, () => {
      const tensors = readTorch(file(name));
      expect([...tensors.keys()]).toEqual(Object.keys(expected));
      for (const [key, { shape, values }] of Object.entries(expected)) {
        expect(tensors.get(key)!.shape, key).toEqual(shape);
        expect([...tensors.get(key)!.data], key).toEqual(values);
      }
    });
  }

  it('a module with batch normalization, whose dictionary has attributes', () => {
    const tensors = readTorch(file('torch_model.pth'));
    expect(tensors.get('0.weight')!.shape).toEqual([2, 1, 3, 3]);
    expect(tensors.get('1.num_batches_tracked')!.dtype).toBe('int32');
  });
});

describe('files that are no state dict', () => {
  it('names what does not belong there', () => {
    expect(() => readTorch(file('torch_module.pth'))).toThrow(
      /names torch\.nn\.modules\.linear\.Linear, .*\n.*torch\.save\(model\.state_dict\(\), path\)/,
    );
    expect(() => readTorch(file('torch_checkpoint.pth'))).toThrow(/'epoch' is 3, not a tensor/);
    expect(() => read('K', 5, '.')).toThrow(/it holds 5/);
    expect(() => readTorch(new TextEncoder().encode('hello'))).toThrow(/not of torch\.save/);
    expect(() => readTorch(new Uint8Array(0))).toThrow(FoveaError);
    expect(() => readTorch(writeZip(new Map()))).toThrow(/no data\.pkl/);
  });

  it('runs nothing', () => {
    const call = ['cos\nsystem\n', 'X', 4, 0, 0, 0, 'true', 0x85, 'R', '.'] as const;
    expect(() => read(...call)).toThrow(/names os\.system/);
    // INST, which makes an object of a class.
    expect(() => read('(', 'ios\nsystem\n', '.')).toThrow(/operation 0x69 at byte 3 is not one of/);
    expect(() => read('ccollections\nOrderedDict\n', 'K', 1, 0x85, 'R', '.')).toThrow(
      /calls collections\.OrderedDict with 1 arguments/,
    );
    expect(() => read('K', 1, ')', 'R', '.')).toThrow(/calls 1/);
  });

  it('refuses tensors that reach beyond their numbers', () => {
    const members = new Map(readZip(file('torch_zip.pth')));
    members.set('torch_zip/data/0', new Uint8Array(92));
    expect(() => readTorch(writeZip(members))).toThrow(/more than the 92 bytes there are/);
    members.delete('torch_zip/data/0');
    expect(() => readTorch(writeZip(members))).toThrow(/more than the 0 bytes there are/);
  });

  it('refuses pickles that are inconsistent', () => {
    expect(() => read('.')).toThrow(/a value is missing/);
    expect(() => read('t', '.')).toThrow(/a mark is missing/);
    expect(() => read('h', 3, '.')).toThrow(/refers to value 3/);
    expect(() => read('N', 'N', 'a', '.')).toThrow(/appends to what is no list/);
    expect(() => read('N', 'N', 'N', 's', '.')).toThrow(/no dictionary/);
    expect(() => read('X', 255, 255, 255, 255, 'a')).toThrow(/ends within 4294967295 bytes/);
    expect(() => read('X', 1, 0, 0, 0, 255, '.')).toThrow(/not UTF-8/);
    expect(() => read('cos')).toThrow(/ends within a name/);
    expect(() => read(0x80, 5)).toThrow(/protocol 5/);
  });

  it('is read or refused, whatever bytes are changed', () => {
    for (const name of ['torch_zip.pth', 'torch_legacy.pth']) {
      let refused = 0;
      for (let seed = 0; seed < 600; seed++) {
        try {
          readTorch(mutated(file(name), randomOf(seed)));
        } catch (error) {
          expect(error, `seed ${seed}: ${String(error)}`).toBeInstanceOf(FoveaError);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(100);
    }
  });
});

describe('values of pickles', () => {
  const meaning = {
    global: (name: string) => name,
    reduce: (callee: unknown, args: readonly unknown[]) => ({ callee, args }),
    persistent: (id: unknown) => ({ id }),
  };
  const value = (...parts: readonly (string | number)[]): unknown =>
    readPickle(pickle(...parts, '.'), 0, meaning).value;

  it('numbers', () => {
    expect(value('K', 200)).toBe(200);
    expect(value('M', 1, 2)).toBe(513);
    expect(value('J', 254, 255, 255, 255)).toBe(-2);
    expect(value(0x8a, 0)).toBe(0);
    expect(value(0x8a, 2, 0, 0x80)).toBe(-32768);
    expect(value(0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0x40)).toBe(2n ** 62n);
    expect(value('G', 0x3f, 0xf8, 0, 0, 0, 0, 0, 0)).toBe(1.5);
  });

  it('lists, tuples, dictionaries and the memo', () => {
    expect(value(']', '(', 'K', 1, 'N', 'e', 0x88, 'a')).toEqual([1, null, true]);
    expect(value('K', 1, 'q', 0, 'K', 2, 'h', 0, 0x87)).toEqual([1, 2, 1]);
    expect(value('(', 'K', 1, 0x89, 't')).toEqual([1, false]);
    expect(value('}', 'K', 1, 'K', 2, 's')).toEqual(new Map([[1, 2]]));
    expect(value('cm\nf\n', ')', 'R')).toEqual({ callee: 'm.f', args: [] });
    expect(value('K', 1, 'Q')).toEqual({ id: 1 });
  });
});
