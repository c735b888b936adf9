import { zipSync } from 'fflate';
import { expect, it } from 'vitest';
import { FoveaError } from '../../src/errors.js';
import { crc32 } from '../../src/io/formats/crc32.js';
import { readZip, writeZip } from '../../src/io/formats/zip.js';
import { kerasFile } from './fixtures.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const zeros = new Uint8Array(100_000);

const entries = new Map([
  ['config.json', text('{}')],
  ['assets/é.bin', Uint8Array.of(0, 1, 255)],
  ['empty', new Uint8Array(0)],
]);

/** A packed archive whose only member, `a`, is changed by `change` (offsets from the directory). */
function changed(
  change: (view: DataView, directory: number) => void,
  content: Uint8Array = zeros,
): Uint8Array {
  const bytes = zipSync({ a: content }, { level: 9 });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  change(view, view.getUint32(bytes.length - 6, true));
  return bytes;
}

it('gives back what was written, with equal bytes each time', () => {
  const bytes = writeZip(entries);
  expect(new Map(readZip(bytes))).toEqual(entries);
  expect(writeZip(entries)).toEqual(bytes);
});

it('unpacks deflated members and leaves out folders', () => {
  const bytes = zipSync({ folder: { a: text('abc'.repeat(1000)) }, 'empty/': new Uint8Array(0) });
  expect([...readZip(bytes)]).toEqual([['folder/a', text('abc'.repeat(1000))]]);
});

it('reads an archive that Keras wrote', () => {
  const files = readZip(kerasFile('model.keras'));
  expect([...files.keys()]).toEqual(['metadata.json', 'config.json', 'model.weights.h5']);
  expect(JSON.parse(new TextDecoder().decode(files.get('metadata.json')))).toHaveProperty(
    'keras_version',
  );
});

it('finds the directory before a comment', () => {
  const bytes = Uint8Array.of(...writeZip(entries), 1, 2, 3);
  bytes[bytes.length - 3 - 2] = 3;
  expect(readZip(bytes).size).toBe(3);
});

it('computes the checksum of the standard', () => {
  expect(crc32(text('123456789'))).toBe(0xcbf43926);
});

it.each<[string, Uint8Array, RegExp]>([
  ['no archive', text('hello'), /no directory/],
  ['empty', new Uint8Array(0), /no directory/],
  ['cut', writeZip(entries).subarray(0, -1), /no directory/],
  ['encrypted', changed((view, at) => view.setUint16(at + 8, 1, true)), /'a' is encrypted/],
  ['method', changed((view, at) => view.setUint16(at + 10, 12, true)), /method 12/],
  ['checksum', changed((view, at) => view.setUint32(at + 16, 1, true)), /checksum/],
  ['bomb', changed((view, at) => view.setUint32(at + 24, 2 ** 31, true)), /2147483648 bytes from/],
  ['too long', changed((view, at) => view.setUint32(at + 24, 99_999, true)), /declared 99999/],
  ['too short', changed((view, at) => view.setUint32(at + 24, 100_001, true)), /declared 100001/],
  ['packed', changed((view, at) => view.setUint32(at + 20, 2 ** 31, true)), /2147483648 bytes of/],
  ['offset', changed((view, at) => view.setUint32(at + 42, 2 ** 31, true)), /not at byte/],
  ['zip64', changed((view, at) => view.setUint32(at + 42, 2 ** 32 - 1, true)), /zip64/],
  ['split', changed((view) => view.setUint16(view.byteLength - 18, 1, true)), /split/],
  ['count', changed((view) => view.setUint16(view.byteLength - 12, 9, true)), /9 members/],
  ['data', changed((view) => view.setUint8(32, 0xff)), /cannot be unpacked/],
  ['parent', zipSync({ 'a/../../b': zeros }), /"a\/..\/..\/b" is not a name/],
  ['absolute', zipSync({ '/etc/passwd': zeros }), /"\/etc\/passwd" is not a name/],
  ['drive', zipSync({ 'C:\\x': zeros }), /is not a name/],
])('refuses: %s', (_, bytes, message) => {
  expect(() => readZip(bytes)).toThrow(FoveaError);
  expect(() => readZip(bytes)).toThrow(message);
});

it('refuses to write a name that leads out', () => {
  expect(() => writeZip(new Map([['../a', zeros]]))).toThrow(/"\.\.\/a" is not a name/);
});
