import { readFileSync } from 'node:fs';
import process from 'node:process';
import { findPackage } from '../gpu/swiftshader.js';

/** Versions of everything that a report has to name. */
export interface Versions {
  readonly fovea: string;
  readonly node: string;
  /** As 'linux-x64'. */
  readonly platform: string;
  /** The package "webgpu" (Dawn); undefined when it is not installed. */
  readonly webgpu: string | undefined;
  /** The package "@sparticuz/chromium", which carries SwiftShader. */
  readonly swiftshader: string | undefined;
}

/** Reads the versions of this installation. */
export function versions(): Versions {
  const own = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return {
    fovea: (JSON.parse(own) as { version: string }).version,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    webgpu: findPackage('webgpu')?.version,
    swiftshader: findPackage('@sparticuz/chromium')?.version,
  };
}
