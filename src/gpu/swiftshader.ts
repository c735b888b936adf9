import { createReadStream } from 'node:fs';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { cacheFolder } from '../cache.js';

const PACKAGE = '@sparticuz/chromium';

/** Files of the unpacked software driver. */
export interface SwiftShaderFiles {
  /** The Vulkan loader. */
  readonly loader: string;
  /** The driver manifest, for `VK_DRIVER_FILES`. */
  readonly manifest: string;
}

/**
 * Unpacks SwiftShader, a software Vulkan driver that the optional package `@sparticuz/chromium`
 * carries for linux-x64, into the user's cache folder: once, without root rights, and safely when
 * several processes start together.
 */
export async function unpackSwiftShader(): Promise<SwiftShaderFiles | { unavailable: string }> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return {
      unavailable: `it exists for linux-x64 only, this is ${process.platform}-${process.arch}`,
    };
  }
  const found = findPackage(PACKAGE);
  if (found === undefined) {
    return { unavailable: `the optional package "${PACKAGE}" is not installed` };
  }
  const target = join(cacheFolder(), `swiftshader-${found.version}`);
  const files = {
    loader: join(target, 'libvulkan.so.1'),
    manifest: join(target, 'vk_swiftshader_icd.json'),
  };
  if (await exists(files.loader)) return files;
  try {
    await unpack(join(found.root, 'bin', 'swiftshader.tar.br'), target);
    return files;
  } catch (error) {
    return { unavailable: `it could not be unpacked to ${target} (${String(error)})` };
  }
}

/** Folder and version of an installed package; also of one that does not export its package.json. */
export function findPackage(name: string): { root: string; version: string } | undefined {
  const require = createRequire(import.meta.url);
  for (const folder of require.resolve.paths(name) ?? []) {
    const root = join(folder, name);
    try {
      const { version } = require(join(root, 'package.json')) as { version: string };
      return { root, version };
    } catch {
      // Not in this node_modules; the next one up may have it.
    }
  }
  return undefined;
}

async function unpack(archive: string, target: string): Promise<void> {
  const { extract } = await import('tar-fs');
  await mkdir(dirname(target), { recursive: true });
  const temporary = await mkdtemp(`${target}.`);
  try {
    await pipeline(createReadStream(archive), createBrotliDecompress(), extract(temporary));
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another process may have finished first.
    if (!(await exists(join(target, 'libvulkan.so.1')))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
