import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { cacheFolder } from '../../cache.js';
import { FoveaError } from '../../errors.js';
import { download, type Progress } from '../download.js';
import { fileError } from '../files.js';

/** Options of data sets that are downloaded. */
export interface FetchDataOptions {
  /** Where the files are already. Default: they are downloaded once, and kept in the cache. */
  readonly folder?: string | undefined;
  /** Stops a download, which goes on from there the next time. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** A file that a data set is published as. */
export interface PublishedData {
  readonly url: string;
  readonly md5: string;
}

/** Pictures of one part of a data set, and their classes. */
export interface PictureSplit {
  /** Bytes of 0 to 255; `shape` tells the layout. */
  readonly x: Uint8Array;
  readonly y: Int32Array;
  /** Of `x`: [n, height, width, channels]. */
  readonly shape: readonly [number, number, number, number];
}

/** A data set in memory. */
export interface PictureData {
  readonly train: PictureSplit;
  readonly test: PictureSplit;
  readonly classNames: readonly string[];
  /** Authors and source, to be shown wherever the data are. */
  readonly credit: string;
}

/**
 * A file of a data set: from the folder that was given, or the cache, where it is downloaded to.
 *
 * @throws FoveaError FILE when the folder does not have it; as `download`
 */
export async function dataFile(
  dataset: string,
  { url, md5 }: PublishedData,
  { folder, signal, onProgress }: FetchDataOptions,
): Promise<Uint8Array> {
  const name = url.slice(url.lastIndexOf('/') + 1);
  if (folder !== undefined) {
    const path = join(folder, name);
    if (existsSync(path)) return read(path);
    throw new FoveaError('FILE', `${dataset}: ${folder} has no ${name}`, {
      hint: `It can be had from ${url}.`,
    });
  }
  const target = join(cacheFolder(), 'datasets', dataset, name);
  const mirror = process.env['FOVEA_MIRROR'];
  const from = mirror === undefined ? url : `${mirror}/${name}`;
  await download(from, target, { md5, signal, onProgress });
  return read(target);
}

/** Reads a whole file. Throws FILE, naming the path. */
export function read(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw fileError('read', path, cause);
  });
}

/**
 * Unpacks gzip.
 *
 * @param most how many bytes it may become
 * @throws FoveaError FILE when it is damaged, or larger
 */
export async function unzip(what: string, bytes: Uint8Array, most: number): Promise<Uint8Array> {
  try {
    const { buffer, byteOffset, length } = await promisify(gunzip)(bytes, {
      maxOutputLength: most,
    });
    return new Uint8Array(buffer, byteOffset, length);
  } catch (cause) {
    throw new FoveaError('FILE', `${what} is no usable gzip file of at most ${most} bytes`, {
      cause,
    });
  }
}
