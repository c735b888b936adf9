import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const ENDINGS = /\.(png|jpe?g)$/i;
const WILD = /[*?]/;

/**
 * The pictures that some paths stand for. A folder stands for all PNG and JPEG files in it and in
 * the folders inside, a pattern (`*`, `?`, and `**` for any folders) for those that match; both
 * sorted by name. What is neither stays as it is, also when there is no such file. Each is listed once.
 */
export async function findPictures(paths: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const path of paths) {
    const kind = await kindOf(path);
    const isPattern = kind === undefined && WILD.test(path);
    const files = isPattern ? await matches(path) : kind === 'folder' ? await inside(path) : [path];
    for (const file of files) found.add(file);
  }
  return [...found];
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  return stat(path).then(
    (info) => (info.isDirectory() ? 'folder' : 'file'),
    () => undefined,
  );
}

async function inside(folder: string): Promise<string[]> {
  return (await walk(folder)).filter((file) => ENDINGS.test(file));
}

/** All files below a folder that is readable, sorted; hidden ones are left out. */
async function walk(folder: string): Promise<string[]> {
  const entries = await readdir(folder || '.', { withFileTypes: true }).catch(() => []);
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const files: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await walk(path)));
    else files.push(path);
  }
  return files;
}

async function matches(pattern: string): Promise<string[]> {
  const parts = pattern.split('/');
  const wild = parts.findIndex((part) => WILD.test(part));
  const base = parts.slice(0, wild).join('/');
  const root = base === '' && pattern.startsWith('/') ? '/' : base;
  const rest = new RegExp(`^${parts.slice(wild).map(partPattern).join('')}$`, 'u');
  const from = root === '' || root.endsWith('/') ? root.length : join(root).length + 1;
  return (await walk(root)).filter((file) => rest.test(file.slice(from)));
}

/** The pattern of one name; of any number of folders for `**`. */
function partPattern(part: string, index: number, all: readonly string[]): string {
  const isLast = index === all.length - 1;
  if (part === '**') return isLast ? '.*' : '(?:[^/]+/)*';
  const escaped = part.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
  const name = escaped.replaceAll('*', '[^/]*').replaceAll('?', '[^/]');
  return isLast ? name : `${name}/`;
}
