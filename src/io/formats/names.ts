import { FoveaError } from '../../errors.js';

/**
 * Refuses a name within an archive or a manifest that could lead out of its folder: absolute, with
 * `..`, with a drive letter, or empty.
 *
 * @throws FoveaError of the given code
 */
export function checkMemberName(name: string, code: 'FILE' | 'ARGUMENT'): void {
  const parts = name.split(/[/\\]/);
  const leadsOut = parts[0] === '' || parts.includes('..') || /^[a-z]:/i.test(name);
  if (leadsOut || name.includes('\0')) {
    throw new FoveaError(code, `${JSON.stringify(name)} is not a name of a file inside a folder.`);
  }
}
