import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FoveaError } from '../../src/errors.js';
import {
  decodeImage,
  readImage,
  toGray,
  toRgb,
  writeJpeg,
  writePng,
  type Image,
} from '../../src/io/images/image.js';
import { encodePng } from '../../src/io/images/png.js';

const folder = new URL('../fixtures/images/', import.meta.url);
const load = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));
const expected = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as Record<
  string,
  { mode: string; pixels: number[] }
>;
const channelsOf: Record<string, number> = { L: 1, RGB: 3, RGBA: 4 };

async function failure(bytes: Uint8Array): Promise<FoveaError> {
  const error: unknown = await decodeImage(bytes).then(
    () => new Error('decoded'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FoveaError);
  expect(error).toMatchObject({ code: 'FILE' });
  return error as FoveaError;
}

describe('decoding agrees with Pillow to the bit', () => {
  it.each(Object.keys(expected).filter((name) => name.includes('.')))('%s', async (name) => {
    const image = await decodeImage(load(name));
    const { mode, pixels } = expected[name]!;
    expect([image.width, image.height, image.channels]).toEqual([37, 23, channelsOf[mode]]);
    expect(Array.from(image.data)).toEqual(pixels);
  });

  it('toGray equals convert("L"), toRgb replicates', async () => {
    const gray = toGray(await decodeImage(load('rgb.png')));
    expect(Array.from(gray.data)).toEqual(expected['rgb to L']!.pixels);
    expect(Array.from(toRgb(gray).data.subarray(0, 6))).toEqual(
      [0, 0, 0, 1, 1, 1].map((i) => gray.data[i]),
    );
  });
});

describe('bad files', () => {
  it('a PNG cut anywhere', async () => {
    const whole = load('rgb.png');
    for (let length = 8; length < whole.length - 16; length += 7) {
      await failure(whole.subarray(0, length));
    }
  });

  it('a JPEG cut anywhere', async () => {
    const whole = load('rgb_420.jpg');
    for (let length = 3; length < whole.length - 2; length += 41) {
      await failure(whole.subarray(0, length));
    }
  });

  it('a corrupt JPEG does not spoil the next one', async () => {
    const damaged = load('rgb_420.jpg');
    for (let i = 650; i < damaged.length; i++) damaged[i] = i * 37;
    await failure(damaged);
    await expect(decodeImage(load('rgb_420.jpg'))).resolves.toMatchObject({ width: 37 });
  });

  it('a PNG of absurd size is refused before it is decoded', async () => {
    const png = load('rgb.png');
    new DataView(png.buffer).setUint32(16, 2 ** 20);
    new DataView(png.buffer).setUint32(20, 2 ** 20);
    expect((await failure(png)).message).toContain('1048576 x 1048576');
    new DataView(png.buffer).setUint32(16, 2 ** 14);
    new DataView(png.buffer).setUint32(20, 2 ** 14);
    expect((await failure(png)).message).toContain('cannot hold');
  });

  it('CMYK and other formats say what to do', async () => {
    expect((await failure(load('cmyk.jpg'))).message).toMatch(/4 colour components[^]*RGB/);
    const gif = new TextEncoder().encode('GIF89a');
    expect((await failure(gif)).message).toMatch(/47 49 46[^]*PNG or JPEG/);
    await failure(new Uint8Array(0));
    await expect(readImage(new URL('make_images.py', folder))).rejects.toThrow(
      'make_images.py: Not a',
    );
  });

  it('random damage gives an image or a FoveaError', async () => {
    const sources = [load('rgb_420.jpg'), load('palette.png'), load('rgba.png')];
    const damage = fc.array(fc.tuple(fc.nat(1500), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...sources), damage, async (source, changes) => {
        const bytes = source.slice();
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        await decodeImage(bytes).catch((error: unknown) => {
          expect(error).toBeInstanceOf(FoveaError);
        });
      }),
      { numRuns: 200 },
    );
  });
});

describe('writing', () => {
  const sample = (channels: 1 | 3 | 4): Image => ({
    width: 9,
    height: 5,
    channels,
    data: Uint8Array.from({ length: 45 * channels }, (_, i) => (i * 37) % 256),
  });

  it.each([1, 3, 4] as const)('PNG of %i channels comes back as it was', async (channels) => {
    expect(await decodeImage(encodePng(sample(channels)))).toEqual(sample(channels));
  });

  it('files: PNG exact, JPEG close, better with higher quality', async () => {
    const temporary = await mkdtemp(join(tmpdir(), 'fovea-images-'));
    try {
      const image = await decodeImage(load('rgb_420.jpg'));
      await writePng(join(temporary, 'a.png'), image);
      expect(await readImage(join(temporary, 'a.png'))).toEqual(image);
      const error = async (quality: number) => {
        await writeJpeg(join(temporary, 'a.jpg'), image, { quality });
        const back = await readImage(join(temporary, 'a.jpg'));
        return (
          back.data.reduce((sum, v, i) => sum + Math.abs(v - image.data[i]!), 0) / back.data.length
        );
      };
      const [low, high] = [await error(20), await error(100)];
      expect(high).toBeLessThan(8);
      expect(low).toBeGreaterThan(high * 1.5);
    } finally {
      await rm(temporary, { recursive: true });
    }
  });

  it('refuses data that do not fit the size, and qualities outside 1 to 100', async () => {
    expect(() => encodePng({ ...sample(3), width: 10 })).toThrow(/needs 150 samples.*received 135/);
    await expect(writeJpeg('never.jpg', sample(3), { quality: 0 })).rejects.toThrow('received 0');
  });
});

describe('the JPEG codec', () => {
  afterEach(() => {
    vi.doUnmock('@jsquash/jpeg/codec/dec/mozjpeg_dec.js');
    vi.resetModules();
    vi.restoreAllMocks();
  });

  it('leaves no global behind', async () => {
    await decodeImage(load('rgb_420.jpg'));
    expect('ImageData' in globalThis).toBe(false);
  });

  it('falls back to jpeg-js and says so once', async () => {
    vi.resetModules();
    vi.doMock('@jsquash/jpeg/codec/dec/mozjpeg_dec.js', () => ({
      default: () => Promise.reject(new Error('no WebAssembly here')),
    }));
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { decodeJpeg } = await import('../../src/io/images/jpeg.js');
    const image = await decodeJpeg(load('rgb_420.jpg'));
    await decodeJpeg(load('gray.jpg'));
    const messages = stderr.mock.calls.map(([text]) => String(text));
    expect(messages.filter((text) => text.includes('no WebAssembly here'))).toHaveLength(1);
    const { pixels } = expected['rgb_420.jpg']!;
    const mean =
      pixels.reduce((sum, v, i) => sum + Math.abs(v - image.data[i]!), 0) / pixels.length;
    expect(mean).toBeGreaterThan(0);
    expect(mean).toBeLessThan(20);
    await expect(decodeJpeg(load('rgb_420.jpg').subarray(0, 500))).rejects.toMatchObject({
      code: 'FILE',
    });
  });
});
