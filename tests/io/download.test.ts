/** Downloads from a server that lies. */
import { mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { download, type DownloadOptions, type Progress } from '../../src/io/download.js';
import { FoveaError } from '../../src/errors.js';
import { cutting, honest, md5, startLiar, startOf, type Liar } from './liar.js';

const file = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i * 31 + (i >> 8)) & 255);
let folder: string;
let target: string;
let liar: Liar;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-download-'));
  target = join(folder, 'weights.h5');
  liar = await startLiar();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await liar.close();
  await rm(folder, { recursive: true });
});

const fetched = (options: Partial<DownloadOptions> = {}): Promise<void> =>
  download(`${liar.url}/weights.h5`, target, { md5: md5(file), ...options });

/** The error of a download that must fail. */
async function failure(options: Partial<DownloadOptions> = {}): Promise<FoveaError> {
  const error: unknown = await fetched(options).then(
    () => new Error('it was downloaded'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FoveaError);
  return error as FoveaError;
}

async function expectWhole(): Promise<void> {
  expect(md5(await readFile(target))).toBe(md5(file));
  expect(await readdir(folder)).toEqual(['weights.h5']);
}

describe('a download', () => {
  it('brings the file, tells how far it is, and is not repeated', async () => {
    liar.answer = honest(file);
    const seen: Progress[] = [];
    await fetched({ onProgress: (progress) => seen.push(progress) });
    await expectWhole();
    expect(seen.at(-1)).toEqual({ done: file.length, total: file.length });
    await fetched();
    expect(liar.ranges).toHaveLength(1);
  });

  it('goes on after the connection was cut', async () => {
    liar.answer = cutting(file, 70_000);
    await fetched();
    await expectWhole();
    expect(liar.ranges).toEqual([
      undefined,
      ...['bytes=70000-', 'bytes=140000-', 'bytes=210000-', 'bytes=280000-'],
    ]);
  });

  it('takes a part that is the whole file', async () => {
    liar.answer = honest(file);
    await writeFile(`${target}.part`, file);
    await fetched();
    await expectWhole();
    expect(liar.ranges).toEqual([`bytes=${file.length}-`]);
  });

  it('goes on with what an earlier process left', async () => {
    liar.answer = honest(file);
    await writeFile(`${target}.part`, file.subarray(0, 1234));
    await fetched();
    await expectWhole();
    expect(liar.ranges).toEqual(['bytes=1234-']);
  });

  it('begins anew where the server cannot go on', async () => {
    liar.answer = (_, response) => response.end(file);
    await writeFile(`${target}.part`, file.subarray(0, 1234));
    await fetched();
    await expectWhole();
  });

  it('begins anew where the earlier part was of another file, or too long', async () => {
    liar.answer = honest(file);
    await writeFile(`${target}.part`, new Uint8Array(1234));
    await fetched();
    await expectWhole();
    expect(liar.ranges).toEqual(['bytes=1234-', undefined]);
    await rm(target);
    await writeFile(`${target}.part`, new Uint8Array(file.length + 1));
    await fetched();
    await expectWhole();
  });

  it('is stopped by a signal though bytes trickle, and goes on later', async () => {
    const stop = new AbortController();
    liar.answer = (_, response) => {
      response.writeHead(200, { 'content-length': file.length });
      response.write(file.subarray(0, 10));
    };
    const reason = new Error('enough');
    const stopped = fetched({
      signal: stop.signal,
      onProgress: () => {
        stop.abort(reason);
      },
    });
    await expect(stopped).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual(['weights.h5.part']);
    liar.answer = honest(file);
    await fetched();
    await expectWhole();
    expect(liar.ranges).toEqual([undefined, 'bytes=10-']);
  });

  it('is shared by those who ask at the same time', async () => {
    liar.answer = honest(file);
    await Promise.all([fetched(), fetched(), fetched()]);
    await expectWhole();
    expect(liar.ranges).toHaveLength(1);
  });

  it('does not wait for a process that is dead', async () => {
    liar.answer = honest(file);
    // No process has this number: the largest is 2^22.
    const lock = JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() });
    await writeFile(`${target}.lock`, lock);
    await fetched();
    await expectWhole();
  });

  it('does not wait for a lock that nobody has touched for long', async () => {
    liar.answer = honest(file);
    await writeFile(`${target}.lock`, '');
    const before = Date.now() / 1000 - 600;
    await utimes(`${target}.lock`, before, before);
    await fetched();
    await expectWhole();
  });
});

describe('nothing enters the cache', () => {
  it('when the md5 is another', async () => {
    liar.answer = honest(file.map((byte, i) => (i === 200_000 ? byte ^ 1 : byte)));
    const error = await failure();
    expect(error).toMatchObject({ code: 'NETWORK' });
    expect(error.message).toMatch(/md5 is [0-9a-f]{32}, the published one is/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('when a web page comes with status 200', async () => {
    liar.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end('<!doctype html><title>Please log in</title>');
    };
    const error = await failure({ md5: undefined });
    expect(error).toMatchObject({ code: 'NETWORK' });
    expect(error.message).toMatch(/a web page came, not a file/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('when no md5 is published and the file begins otherwise', async () => {
    liar.answer = (_, response) => response.end('{"error": "quota"}');
    const error = await failure({ md5: undefined, magic: Uint8Array.of(0x89, 0x48) });
    expect(error.message).toMatch(/no file of weights/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('when there is no such file, or the server does not recover', async () => {
    liar.answer = (_, response) => response.writeHead(404).end();
    expect((await failure()).message).toMatch(/404 Not Found/);
    liar.answer = (_, response) => response.writeHead(503).end();
    expect((await failure()).message).toMatch(/cannot be fetched: the server answered 503/);
    expect(liar.ranges).toHaveLength(1 + 3);
    await liar.close();
    expect((await failure()).message).toMatch(/cannot be fetched: [^]*ECONNREFUSED/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('when no more bytes come', async () => {
    liar.answer = (_, response) => {
      response.writeHead(200, { 'content-length': file.length });
      response.flushHeaders();
    };
    const error = await failure({ stallSeconds: 0.05 });
    expect(error.message).toMatch(/no byte came for 0.05 s/);
  });

  it('when the disk is full', async () => {
    liar.answer = honest(file);
    await symlink('/dev/full', `${target}.part`);
    const error = await failure();
    expect(error).toMatchObject({ code: 'FILE' });
    expect(error.message).toMatch(/weights.h5.part: the disk is full/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('when FOVEA_OFFLINE is set; what is there is used', async () => {
    vi.stubEnv('FOVEA_OFFLINE', '1');
    const error = await failure();
    expect(error).toMatchObject({ code: 'NETWORK' });
    expect(error.message).toContain(`put it at ${target}`);
    expect(liar.ranges).toEqual([]);
    await writeFile(target, file);
    await fetched();
  });

  it('when a server lies about where it goes on', async () => {
    await writeFile(`${target}.part`, file.subarray(0, 1000));
    liar.answer = (request, response) => {
      const start = startOf(request) + 1;
      response.writeHead(206, {
        'content-range': `bytes ${start}-${file.length - 1}/${file.length}`,
      });
      response.end(file.subarray(start));
    };
    expect((await failure()).message).toMatch(/the server went on at byte 1001/);
  });
});
