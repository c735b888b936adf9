import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { note } from '#host';
import { cacheFolder } from '../cache.js';
import { FoveaError } from '../errors.js';
import { download, md5OfFile, type Progress } from '../io/download.js';
import { readFileOrThrow, readStart, writeFileAtomic } from '../io/files.js';
import { safetensorsParts } from '../io/formats/safetensors_file.js';
import { readTorch } from '../io/formats/torch.js';
import { withLock, type Touch } from '../io/lock.js';
import { fillFrom, inFile, loadWeights } from '../io/model.js';
import type { Functional } from '../nn/functional.js';
import { liteWeights } from './lite_weights.js';
import { publishedFile } from './published.js';
import { loadOldResNet50 } from './resnet_weights.js';
import { entryOf, type ZooName } from './zoo.js';

/** How weights are fetched. */
export interface FetchOptions {
  /** Stops a download; what has come is kept, and the next one goes on from there. */
  readonly signal?: AbortSignal | undefined;
  /** Is told how far the download is. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Whether there are weights 'imagenet' for a network: in the package, or to be downloaded. */
export function hasImagenet(name: ZooName): boolean {
  return entryOf(name).weights !== undefined || publishedFile(name, true) !== undefined;
}

/** Where the weights of a network are in the cache: as published, and as they are loaded. */
export function cachedFiles(
  name: ZooName,
  includeTop: boolean,
): { readonly published: string; readonly ready: string } {
  const path = join(cacheFolder(), 'models', `${name.toLowerCase()}${includeTop ? '' : '-notop'}`);
  return { published: `${path}.h5`, ready: `${path}.safetensors` };
}

/** The file in the package with the weights of a network; undefined where there is none. */
export function bundledFile(name: ZooName): string | undefined {
  const { weights } = entryOf(name);
  if (weights === undefined) return undefined;
  return fileURLToPath(new URL(`../../data/${weights}`, import.meta.url));
}

/** HDF5 files begin with this. */
const HDF5 = Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a);

/**
 * Downloads the published weights of a network, unless they are in the cache.
 *
 * @returns the path of the file: as published, or as it is loaded
 * @throws FoveaError ARGUMENT when none are published; see `download`
 */
export async function pullWeights(
  name: ZooName,
  includeTop: boolean,
  options: FetchOptions = {},
): Promise<string> {
  const bundled = bundledFile(name);
  if (bundled !== undefined) return bundled;
  const file = publishedFile(name, includeTop);
  if (!file) {
    throw new FoveaError('ARGUMENT', `${name}: no weights 'imagenet' are published for it`, {
      hint: 'Give the path of a file instead.',
    });
  }
  const { published, ready } = cachedFiles(name, includeTop);
  if (existsSync(ready)) return ready;
  const onWait = (): void => {
    note(`fovea: another process downloads ${published}; waiting for it`);
  };
  await download(file.url, published, { md5: file.md5, magic: HDF5, onWait, ...options });
  return published;
}

/**
 * Loads the weights 'imagenet'. The first time they are rewritten in the layout of the GPU, from
 * which later loads read one weight after the other.
 *
 * @param path what `pullWeights` returned
 */
export async function loadImagenet(
  network: Functional,
  name: ZooName,
  includeTop: boolean,
  path: string,
): Promise<void> {
  const { published, ready } = cachedFiles(name, includeTop);
  if (path !== published) return loadWeights(network, path);
  await withLock(`${ready}.lock`, async (touch) => {
    // Another process may have rewritten it meanwhile.
    if (existsSync(ready)) return loadWeights(network, ready);
    await loadWeights(network, published);
    try {
      await rewrite(network, ready, touch);
      await rm(published, { force: true });
    } catch (error) {
      // As when the disk is full: the weights are loaded all the same.
      note(`fovea: ${(error as Error).message}`);
    }
  });
}

async function rewrite(network: Functional, ready: string, touch: Touch): Promise<void> {
  const tensors = network.weights.map(({ name, value }) => ({
    name,
    shape: value.shape,
    data: async () => {
      await touch();
      return (await value.data()) as Float32Array;
    },
  }));
  await writeFileAtomic(ready, safetensorsParts(tensors));
}

/**
 * Whether a file is the one that is published as 'imagenet', under whatever name. Keras's EfficientNet
 * is built otherwise for that file.
 */
export async function isPublished(
  path: string,
  name: ZooName,
  includeTop: boolean,
): Promise<boolean> {
  const md5 = publishedFile(name, includeTop)?.md5;
  return md5 !== undefined && existsSync(path) && (await md5OfFile(path)) === md5;
}

/**
 * Loads weights from a file: of Keras, safetensors, or a state dict of PyTorch for a Lite network.
 *
 * @throws FoveaError FILE when it cannot be read or does not fit
 */
export async function loadFile(network: Functional, name: ZooName, path: string): Promise<void> {
  if (name.includes('Lite') && (await isTorch(path))) {
    const bytes = await readFileOrThrow(path);
    await inFile(path, () => {
      fillFrom(network, liteWeights(network, readTorch(bytes)));
    });
  } else if (!(name === 'resNet50' && (await loadOldResNet50(network, path)))) {
    await loadWeights(network, path);
  }
}

/** Zips other than Keras's and numpy's, and PyTorch's older container, which is a pickle. */
async function isTorch(path: string): Promise<boolean> {
  const [first, second] = await readStart(path, 2);
  const isPickle = first === 0x80;
  const isZip = first === 0x50 && second === 0x4b;
  return isPickle || (isZip && !/\.(keras|npz)$/.test(path));
}
