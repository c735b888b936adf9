import { join } from 'node:path';
import { FoveaError } from '../../errors.js';
import type { Inspected } from '../images/decode_thread.js';
import { askThreads } from '../images/decode_threads.js';
import type { BadFile } from './image_dataset.js';
import { listClasses } from './image_directory.js';

/** A picture of a folder, and what is known of it. */
export interface InspectedFile extends Inspected {
  readonly file: string;
  /** Number of its class. */
  readonly label: number;
}

/** Every picture of a folder with one folder for each class. */
export interface InspectedFolder {
  readonly classNames: readonly string[];
  readonly files: readonly InspectedFile[];
  readonly badFiles: readonly BadFile[];
}

/** Decodes all pictures of a folder, in threads. Throws as `imageFromDirectory` does. */
export async function inspectFolder(folder: string): Promise<InspectedFolder> {
  const { classNames, paths, labels } = await listClasses(folder, null);
  const files: InspectedFile[] = [];
  const badFiles: BadFile[] = [];
  await Promise.all(
    paths.map(async (path, i) => {
      const file = join(folder, path);
      const found = await askThreads<Inspected>({ kind: 'inspect', path: file });
      if (found instanceof FoveaError) {
        badFiles.push({ file, message: found.message.split('\n')[0]! });
      } else {
        files.push({ ...found, file, label: labels[i]! });
      }
    }),
  );
  const byFile = (a: { file: string }, b: { file: string }): number => (a.file < b.file ? -1 : 1);
  return { classNames, files: files.sort(byFile), badFiles: badFiles.sort(byFile) };
}

/** Files with the same content, where there are several. */
export function duplicatesOf(files: readonly InspectedFile[]): readonly (readonly string[])[] {
  const byHash = new Map<string, string[]>();
  for (const { hash, file } of files) byHash.set(hash, [...(byHash.get(hash) ?? []), file]);
  return [...byHash.values()].filter(({ length }) => length > 1);
}
