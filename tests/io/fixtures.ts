import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const folder = new URL('../fixtures/', import.meta.url);

/** A file of tests/fixtures/files, as `make_files.py` wrote it. */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`files/${name}`, folder)));
}

/** What `make_files.py` put into its files. */
export const expectedNumbers = (
  JSON.parse(new TextDecoder().decode(fixture('expected.json'))) as {
    kinds: Record<string, number[]>;
  }
).kinds;

interface KerasFiles {
  readonly weights: readonly {
    readonly layer: string;
    readonly path: string;
    readonly shape: readonly number[];
    readonly values: readonly number[];
  }[];
  readonly layers_in_model_order: readonly (readonly [string, string])[];
  readonly files: Readonly<Record<string, { readonly gzip_base64: string }>>;
}

/** One small model as Keras wrote it into several kinds of files. */
export const kerasModel = JSON.parse(
  readFileSync(new URL('keras-files.json', folder), 'utf8'),
) as KerasFiles;

/** The bytes of one of the files that Keras wrote. */
export function kerasFile(name: string): Uint8Array {
  return new Uint8Array(gunzipSync(Buffer.from(kerasModel.files[name]!.gzip_base64, 'base64')));
}
