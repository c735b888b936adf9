import { FoveaError } from '../../errors.js';
import {
  dataFile,
  unzip,
  type FetchDataOptions,
  type PictureData,
  type PictureSplit,
} from './fetch.js';

interface Layout {
  readonly name: string;
  readonly url: string;
  /** Of pictures and labels, to train and to test. */
  readonly md5: readonly [string, string, string, string];
  readonly classNames: readonly string[];
  readonly credit: string;
}

const FILES = [
  'train-images-idx3-ubyte.gz',
  'train-labels-idx1-ubyte.gz',
  't10k-images-idx3-ubyte.gz',
  't10k-labels-idx1-ubyte.gz',
] as const;
const MAX_BYTES = 64 * 2 ** 20;

const MNIST: Layout = {
  name: 'mnist',
  url: 'https://ossci-datasets.s3.amazonaws.com/mnist',
  md5: [
    'f68b3c2dcbeaaa9fbdd348bbdeb94873',
    'd53e105ee54ea40749a09fcbcd1e9432',
    '9fb629c4189551a2d022fa330f9573f3',
    'ec29112dd5afa0611ce80d1b7f02629c',
  ],
  classNames: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  credit: 'MNIST, Y. LeCun, C. Cortes and C. J. C. Burges',
};

const FASHION: Layout = {
  name: 'fashion-mnist',
  url: 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com',
  md5: [
    '8d4fb7e6c68d591d4c3dfef9ec88bf0d',
    '25c81989df183df01b3e8a0aad5dffbe',
    'bef4ecab320f06d8554ea6380940ec79',
    'bb300cfdad3c16e7a12a480ee83cd310',
  ],
  classNames: [
    ...['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat'],
    ...['Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
  ],
  credit: 'Fashion-MNIST, H. Xiao, K. Rasul and R. Vollgraf (2017), MIT licence',
};

/**
 * MNIST: 60,000 handwritten digits of 28 x 28 pixels to train, 10,000 to test. Downloaded once (11 MB), or
 * read from a folder with its four .gz files.
 *
 * @throws FoveaError FILE when files are missing or damaged; NETWORK when they cannot be downloaded
 */
export const mnist = (options: FetchDataOptions = {}): Promise<PictureData> => load(MNIST, options);

/** Fashion-MNIST: pieces of clothing, as `mnist`. Downloaded once (30 MB). */
export const fashionMnist = (options: FetchDataOptions = {}): Promise<PictureData> =>
  load(FASHION, options);

async function load(layout: Layout, options: FetchDataOptions): Promise<PictureData> {
  const { name, url, md5, classNames, credit } = layout;
  const parts: IdxArray[] = [];
  for (const [i, file] of FILES.entries()) {
    const bytes = await dataFile(name, { url: `${url}/${file}`, md5: md5[i]! }, options);
    parts.push(readIdx(file, await unzip(file, bytes, MAX_BYTES)));
  }
  return {
    train: splitOf(name, parts[0]!, parts[1]!),
    test: splitOf(name, parts[2]!, parts[3]!),
    ...{ classNames, credit },
  };
}

function splitOf(name: string, pictures: IdxArray, labels: IdxArray): PictureSplit {
  const [count = 0, height = 0, width = 0] = pictures.shape;
  if (pictures.shape.length === 3 && labels.shape.length === 1 && labels.shape[0] === count) {
    const y = Int32Array.from(labels.data);
    return { x: pictures.data, y, shape: [count, height, width, 1] };
  }
  throw new FoveaError(
    'FILE',
    `${name}: pictures of shape [${pictures.shape.join(', ')}] and labels of shape ` +
      `[${labels.shape.join(', ')}] do not go together`,
  );
}

/** An array of bytes. */
interface IdxArray {
  readonly data: Uint8Array;
  readonly shape: readonly number[];
}

/** Two zeros, the type of the elements, the number of dimensions. */
const UINT8 = 0x08;

/**
 * Reads an IDX file of bytes: a type, the number of dimensions, each of them as a big-endian 32-bit number, and
 * the values.
 *
 * @throws FoveaError FILE for another type, or when the size is not that of the header
 */
export function readIdx(name: string, bytes: Uint8Array): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rank = bytes[3] ?? 0;
  const start = 4 + 4 * rank;
  if (
    bytes.length < start ||
    bytes[0] !== 0 ||
    bytes[1] !== 0 ||
    bytes[2] !== UINT8 ||
    rank === 0
  ) {
    throw new FoveaError('FILE', `${name} is no IDX file of bytes`);
  }
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((product, n) => product * n, 1);
  if (bytes.length - start !== size) {
    throw new FoveaError(
      'FILE',
      `${name} has ${bytes.length - start} values, its header says ${size}`,
    );
  }
  return { data: bytes.subarray(start), shape };
}
