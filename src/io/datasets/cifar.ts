import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FoveaError } from '../../errors.js';
import { readNumpyPickle } from '../formats/numpy_pickle.js';
import { readTar } from '../formats/tar.js';
import { CIFAR10_CLASSES, CIFAR100_CLASSES, CIFAR100_SUPERCLASSES } from './cifar_classes.js';
import {
  dataFile,
  read,
  unzip,
  type FetchDataOptions,
  type PictureData,
  type PictureSplit,
} from './fetch.js';

const SIDE = 32;
const PIXELS = SIDE * SIDE;
const MAX_ARCHIVE = 256 * 2 ** 20;

const CREDIT =
  'Learning Multiple Layers of Features from Tiny Images, A. Krizhevsky (2009), ' +
  'https://www.cs.toronto.edu/~kriz/cifar.html';

/** Where the files of a data set are, and what a record is. */
interface Layout {
  readonly name: string;
  readonly url: string;
  readonly md5: string;
  /** Folders of the two versions. */
  readonly binary: string;
  readonly python: string;
  readonly train: readonly string[];
  readonly test: readonly string[];
  /** Bytes of labels before each picture, and which of them counts. */
  readonly labels: number;
  readonly label: number;
  /** Name of the labels in the python version. */
  readonly key: string;
}

const CIFAR10: Layout = {
  name: 'cifar10',
  url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
  md5: 'c32a1d4ab5d03f1284b67883e8d87530',
  ...{ binary: 'cifar-10-batches-bin', python: 'cifar-10-batches-py' },
  train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}`),
  test: ['test_batch'],
  ...{ labels: 1, label: 0, key: 'labels' },
};

const CIFAR100: Layout = {
  name: 'cifar100',
  url: 'https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz',
  md5: '03b5dce01913d631647c71ecec9e9cb8',
  ...{ binary: 'cifar-100-binary', python: 'cifar-100-python' },
  ...{ train: ['train'], test: ['test'] },
  ...{ labels: 2, label: 1, key: 'fine_labels' },
};

/**
 * CIFAR-10: 50,000 pictures of 32 x 32 pixels in 10 classes to train, 10,000 to test. Downloaded once
 * (170 MB), or read from a folder with the binary or the Python version, as `cifar-10-batches-bin` or
 * `cifar-10-batches-py`, or with the archive.
 *
 * @throws FoveaError FILE when files are missing or damaged; NETWORK when they cannot be downloaded
 */
export async function cifar10(options: FetchDataOptions = {}): Promise<PictureData> {
  return { ...(await load(CIFAR10, options)), classNames: CIFAR10_CLASSES, credit: CREDIT };
}

/** Options of `cifar100`. */
export interface Cifar100Options extends FetchDataOptions {
  /** 100 classes, or the 20 that they are parts of. Default 'fine'. */
  readonly labelMode?: 'fine' | 'coarse' | undefined;
}

/** CIFAR-100: as `cifar10`, with 100 classes (or 20), 500 pictures each to train and 100 to test. */
export async function cifar100(options: Cifar100Options = {}): Promise<PictureData> {
  const { labelMode = 'fine' } = options;
  const isFine = labelMode === 'fine';
  if (!isFine && (labelMode as string) !== 'coarse') {
    throw new FoveaError(
      'ARGUMENT',
      `cifar100: labelMode is 'fine' or 'coarse', got '${labelMode}'`,
    );
  }
  const layout = isFine ? CIFAR100 : { ...CIFAR100, label: 0, key: 'coarse_labels' };
  const classNames = isFine ? CIFAR100_CLASSES : CIFAR100_SUPERCLASSES;
  return { ...(await load(layout, options)), classNames, credit: CREDIT };
}

async function load(
  layout: Layout,
  options: FetchDataOptions,
): Promise<{ train: PictureSplit; test: PictureSplit }> {
  const readPart = await opened(layout, options);
  const join = async (names: readonly string[]): Promise<PictureSplit> =>
    joined(await Promise.all(names.map(readPart)));
  return { train: await join(layout.train), test: await join(layout.test) };
}

/** How a part is read: from the files of a version, or from the archive. */
async function opened(
  layout: Layout,
  options: FetchDataOptions,
): Promise<(name: string) => Promise<PictureSplit>> {
  const { folder } = options;
  const found = (inner: string, file: string): string | undefined =>
    [join(folder ?? '', inner), folder ?? ''].find((each) => existsSync(join(each, file)));
  if (folder !== undefined) {
    const binary = found(layout.binary, `${layout.train[0]!}.bin`);
    if (binary !== undefined) {
      return async (name) => {
        const path = join(binary, `${name}.bin`);
        return records(layout, path, await read(path));
      };
    }
    const python = found(layout.python, layout.train[0]!);
    if (python !== undefined) {
      return async (name) => {
        const path = join(python, name);
        return pickled(layout, path, await read(path));
      };
    }
  }
  const packed = await dataFile(layout.name, layout, options);
  const files = readTar(await unzip(layout.url, packed, MAX_ARCHIVE));
  return (name) => {
    const path = `${layout.binary}/${name}.bin`;
    const bytes = files.get(path);
    if (bytes) return Promise.resolve(records(layout, path, bytes));
    throw new FoveaError('FILE', `${layout.url} has no ${path}`);
  };
}

/** Records of labels and a picture, whose red, green and blue planes follow each other. */
function records({ labels, label }: Layout, path: string, bytes: Uint8Array): PictureSplit {
  const size = labels + 3 * PIXELS;
  const count = bytes.length / size;
  if (!Number.isInteger(count) || count === 0) {
    throw new FoveaError(
      'FILE',
      `${path} has ${bytes.length} bytes, which are no records of ${size}`,
    );
  }
  const x = new Uint8Array(count * 3 * PIXELS);
  for (let i = 0; i < count; i++) interleave(bytes, i * size + labels, x, i * 3 * PIXELS);
  const y = Int32Array.from({ length: count }, (_, i) => bytes[i * size + label]!);
  return { x, y, shape: [count, SIDE, SIDE, 3] };
}

function pickled({ key }: Layout, path: string, bytes: Uint8Array): PictureSplit {
  const batch = readNumpyPickle(bytes);
  const [labels, data] = [batch.get(key), batch.get('data')];
  const isGood = Array.isArray(labels) && data instanceof Uint8Array;
  if (!isGood || data.length !== labels.length * 3 * PIXELS) {
    throw new FoveaError(
      'FILE',
      `${path} is no batch of CIFAR: '${key}' or 'data' is missing or too short`,
    );
  }
  const x = new Uint8Array(data.length);
  for (let i = 0; i < labels.length; i++) interleave(data, i * 3 * PIXELS, x, i * 3 * PIXELS);
  return { x, y: Int32Array.from(labels as number[]), shape: [labels.length, SIDE, SIDE, 3] };
}

function interleave(planes: Uint8Array, from: number, out: Uint8Array, to: number): void {
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    for (let c = 0; c < 3; c++) out[to + 3 * pixel + c] = planes[from + c * PIXELS + pixel]!;
  }
}

function joined(parts: readonly PictureSplit[]): PictureSplit {
  const count = parts.reduce((sum, { y }) => sum + y.length, 0);
  const [x, y] = [new Uint8Array(count * 3 * PIXELS), new Int32Array(count)];
  let at = 0;
  for (const part of parts) {
    x.set(part.x, at * 3 * PIXELS);
    y.set(part.y, at);
    at += part.y.length;
  }
  return { x, y, shape: [count, SIDE, SIDE, 3] };
}
