import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { FoveaError } from '../../errors.js';
import { readFileOrThrow } from '../files.js';

const count = 1797;
const pixels = 64;
const grayLevels = 16;
// The same relative path from src/io/datasets and from dist/io/datasets.
const file = new URL('../../../data/digits.bin.gz', import.meta.url);

/** Pictures and their labels. */
export interface DigitsSplit {
  /** Grey values, scaled to 0..1; `shape` tells the layout. */
  readonly x: Float32Array;
  /** The digit in each picture, 0..9. */
  readonly y: Int32Array;
  /** Of `x`: [n, 8, 8, 1]. */
  readonly shape: readonly [number, 8, 8, 1];
}

/** The optical digits, split for training and testing. */
export interface Digits {
  readonly train: DigitsSplit;
  readonly test: DigitsSplit;
  readonly classNames: readonly string[];
  /** Authors, source and licence, to be shown wherever the data are. */
  readonly credit: string;
}

/**
 * 1,797 handwritten digits of 8 x 8 pixels by 13 people, bundled with the package: 1,437 to train
 * and 360 to test.
 *
 * The split is fixed: ordered by class, and by the order of the source within a class, every fifth
 * sample (the first, the sixth, ...) goes to `test`. So the classes are balanced to within one
 * sample, and every writer is in both halves: the test measures new samples, not new writers. Both
 * halves keep the order of the source.
 *
 * @throws FoveaError `FILE` when the bundled file is missing or damaged
 */
export async function digits(): Promise<Digits> {
  const { images, labels } = await readPacked();
  const isTest = testMask(labels);
  return {
    train: select(images, labels, (i) => !isTest[i]),
    test: select(images, labels, (i) => isTest[i]!),
    classNames: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    credit:
      'Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak (1998), ' +
      'UCI Machine Learning Repository, doi.org/10.24432/C50P49, CC BY 4.0',
  };
}

async function readPacked(): Promise<{ images: Uint8Array; labels: Uint8Array }> {
  const packed = await readFileOrThrow(file);
  const size = count * (pixels + 1);
  let bytes: Uint8Array;
  try {
    bytes = await promisify(gunzip)(packed, { maxOutputLength: size });
  } catch (cause) {
    throw new FoveaError('FILE', `${file.pathname} is damaged.`, { cause, hint: 'Install again.' });
  }
  if (bytes.length !== size) {
    throw new FoveaError('FILE', `${file.pathname} holds ${bytes.length} bytes, not ${size}.`);
  }
  return { images: bytes.subarray(0, count * pixels), labels: bytes.subarray(count * pixels) };
}

/** Marks every fifth sample in the order of (class, index). */
function testMask(labels: Uint8Array): boolean[] {
  const order = Array.from(labels, (_, i) => i).sort((a, b) => labels[a]! - labels[b]! || a - b);
  const mask = new Array<boolean>(labels.length).fill(false);
  for (let rank = 0; rank < order.length; rank += 5) mask[order[rank]!] = true;
  return mask;
}

function select(
  images: Uint8Array,
  labels: Uint8Array,
  keep: (index: number) => boolean,
): DigitsSplit {
  const kept = Array.from(labels.keys()).filter(keep);
  const x = new Float32Array(kept.length * pixels);
  kept.forEach((index, row) => {
    for (let p = 0; p < pixels; p++) x[row * pixels + p] = images[index * pixels + p]! / grayLevels;
  });
  return { x, y: Int32Array.from(kept, (index) => labels[index]!), shape: [kept.length, 8, 8, 1] };
}
