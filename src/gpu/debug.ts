import { environment, note } from '#host';

/**
 * The debug ladder, set by the environment variable `FOVEA_DEBUG`:
 * 1 totals at the end; 2 also a line per dispatch with time and bandwidth; 3 also the kernel chosen
 * for each operation and why; 4 also the expanded WGSL of every kernel.
 */
export const debugLevel = parseLevel(environment('FOVEA_DEBUG'));

/** Writes one diagnostic line to stderr (the console in a browser) when the level is reached. */
export function debug(level: 1 | 2 | 3 | 4, line: () => string): void {
  if (debugLevel >= level) note(line());
}

function parseLevel(text: string | undefined): number {
  const level = Number(text ?? 0);
  return Number.isFinite(level) ? level : 0;
}
