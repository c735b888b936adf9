import { spawn, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the command line from source.
 *
 * @param watch is called with all that stdout has so far, whenever there is more
 * @param watchErrors the same for stderr
 */
export function fovea(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  watch?: (stdout: string, child: ChildProcess) => void,
  watchErrors?: (stderr: string, child: ChildProcess) => void,
): Promise<Ended> {
  const options = ['--conditions=fovea-source', '--import', 'tsx', 'src/cli/main.ts'];
  const child = spawn(process.execPath, [...options, ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '', ...env },
    timeout: 60_000,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    watch?.(stdout, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    watchErrors?.(stderr, child);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}
