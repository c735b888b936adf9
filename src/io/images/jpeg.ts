import { createRequire } from 'node:module';
import loadModule from '@jsquash/jpeg/codec/dec/mozjpeg_dec.js';
import jpegJs from 'jpeg-js';
import { FoveaError } from '../../errors.js';
import { readFileOrThrow } from '../files.js';
import { checkDeclaredSize, checkImage } from './check.js';
import type { Image } from './image.js';

interface Rgba {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** The part of mozjpeg's WebAssembly module that is used here. */
interface Codec {
  decode(bytes: Uint8Array, preserveOrientation: boolean): Rgba | null;
}

type LoadCodec = (options: {
  wasmBinary: Uint8Array;
  noInitialRun: boolean;
  printErr: (line: string) => void;
}) => Promise<Codec>;

/** Whether the bytes begin as a JPEG file does. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/**
 * Decodes a baseline or progressive JPEG file to grey or RGB, bit-identical to libjpeg (and so to
 * Pillow and TensorFlow), chroma interpolation included. EXIF orientation is not applied.
 *
 * Where WebAssembly cannot be loaded, jpeg-js decodes instead and a line on stderr says so: it
 * repeats chroma samples, which is a few levels off at colour edges of 4:2:0 pictures.
 *
 * @throws FoveaError `FILE` when the file is truncated, corrupt, or neither grey nor three-channel
 */
export async function decodeJpeg(bytes: Uint8Array): Promise<Image> {
  const header = jpegHeader(bytes);
  checkDeclaredSize('JPEG', header.width, header.height);
  if (header.components !== 1 && header.components !== 3) {
    throw new FoveaError(
      'FILE',
      `The JPEG has ${header.components} colour components; 1 or 3 work.`,
      {
        hint: 'Convert the CMYK picture to RGB first.',
      },
    );
  }
  const { width, height, data } = (await decodeExact(bytes)) ?? decodeInexact(bytes);
  const channels = header.components;
  const out = new Uint8Array(width * height * channels);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < channels; c++) out[pixel * channels + c] = data[pixel * 4 + c]!;
  }
  return { width, height, channels, data: out };
}

/** Encodes an image as a baseline JPEG file of the given quality (1 to 100); alpha is dropped. */
export function encodeJpeg(image: Image, quality: number): Uint8Array {
  checkImage(image);
  if (!(quality >= 1 && quality <= 100)) {
    throw new FoveaError(
      'ARGUMENT',
      `JPEG quality must be between 1 and 100, received ${quality}.`,
    );
  }
  const { width, height, channels } = image;
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < 3; c++) {
      data[pixel * 4 + c] = image.data[pixel * channels + (channels === 1 ? 0 : c)]!;
    }
  }
  return new Uint8Array(jpegJs.encode({ width, height, data }, quality).data);
}

/** Walks the markers to the frame header, which declares the size. */
function jpegHeader(bytes: Uint8Array): { width: number; height: number; components: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 2;
  while (at + 10 <= bytes.length && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      return {
        height: view.getUint16(at + 5),
        width: view.getUint16(at + 7),
        components: view.getUint8(at + 9),
      };
    }
    const isFill = marker === 0xff;
    at += isFill ? 1 : 2 + view.getUint16(at + 2);
  }
  throw corrupt('it has no frame header');
}

let codec: Promise<Codec | undefined> | undefined;
let warnings: string[] = [];

/** Decodes with mozjpeg; undefined where its WebAssembly module cannot be loaded. */
async function decodeExact(bytes: Uint8Array): Promise<Rgba | undefined> {
  codec ??= loadCodec();
  const loaded = await codec;
  if (loaded === undefined) return undefined;
  warnings = [];
  let rgba: Rgba | null;
  try {
    rgba = withImageData(() => loaded.decode(bytes, false));
  } catch (cause) {
    // libjpeg left through exit() and freed nothing: the next picture gets a fresh module.
    codec = undefined;
    throw corrupt(warnings.join('; '), cause);
  }
  // libjpeg fills what is missing with grey and only warns. Stray bytes between markers harm nothing.
  const damage = warnings.filter((line) => !line.includes('extraneous bytes'));
  if (rgba === null || damage.length > 0) throw corrupt(damage.join('; '));
  return rgba;
}

function decodeInexact(bytes: Uint8Array): Rgba {
  try {
    return jpegJs.decode(bytes, { useTArray: true, tolerantDecoding: false });
  } catch (cause) {
    throw corrupt(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

async function loadCodec(): Promise<Codec | undefined> {
  try {
    const path = createRequire(import.meta.url).resolve('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm');
    const wasmBinary = await readFileOrThrow(path);
    const printErr = (line: string) => void warnings.push(line);
    // The package's types refer to names that only exist in browsers.
    const load = loadModule as unknown as LoadCodec;
    return await withImageData(() => load({ wasmBinary, noInitialRun: true, printErr }));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    process.stderr.write(
      `fovea: JPEG files are decoded by jpeg-js, inexact at colour edges, because the exact ` +
        `decoder could not be loaded (${reason})\n`,
    );
    return undefined;
  }
}

class ImageDataStandIn implements Rgba {
  constructor(
    readonly data: Uint8ClampedArray,
    readonly width: number,
    readonly height: number,
  ) {}
}

/** Runs `fn` with a global `ImageData`, which the codec constructs and Node lacks; leaves none behind. */
function withImageData<T>(fn: () => T): T {
  if ('ImageData' in globalThis) return fn();
  const scope = globalThis as { ImageData?: unknown };
  scope.ImageData = ImageDataStandIn;
  try {
    return fn();
  } finally {
    delete scope.ImageData;
  }
}

function corrupt(reason: string, cause?: unknown): FoveaError {
  return new FoveaError('FILE', `The JPEG is truncated or corrupt (${reason}).`, {
    cause,
    hint: 'Fetch or export the file again.',
  });
}
