import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder for files that can be made again: `FOVEA_CACHE`, else the platform's cache folder. */
export function cacheFolder(): string {
  return (
    process.env['FOVEA_CACHE'] ??
    join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'fovea')
  );
}
