// Packs scikit-learn's digits.csv.gz (the UCI optical digits) into data/digits.bin.gz:
// 1797 x 64 pixel bytes (0..16, row-major 8 x 8), then 1797 label bytes, in the order of the source.
// Usage: node scripts/make-digits.mjs path/to/sklearn/datasets/data/digits.csv.gz
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';

const source = process.argv[2];
if (source === undefined) {
  console.error('usage: node scripts/make-digits.mjs digits.csv.gz');
  process.exit(2);
}
const rows = gunzipSync(readFileSync(source))
  .toString('ascii')
  .trim()
  .split('\n')
  .map((line) => line.split(',').map(Number));
const pixels = rows.flatMap((row) => row.slice(0, 64));
const labels = rows.map((row) => row[64]);
const valid = rows.every((row) => row.length === 65) && pixels.every((v) => v >= 0 && v <= 16);
if (rows.length !== 1797 || !valid) throw new Error(`${source} is not the digits table`);

const packed = gzipSync(Uint8Array.from([...pixels, ...labels]), { level: 9 });
writeFileSync(new URL('../data/digits.bin.gz', import.meta.url), packed);
console.log(`data/digits.bin.gz: ${rows.length} images, ${packed.length} bytes`);
