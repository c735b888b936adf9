import { FoveaError } from '../../errors.js';
import { askThreads, threadCount } from './decode_threads.js';
import { readFitted, type Fit, type Fitted } from './fit.js';

/** A thread takes longer to start than a picture or two to decode. */
const FEW = 2;

/** A file, and what came of it. */
export interface Decoded {
  readonly file: string;
  readonly result: Fitted | FoveaError;
}

/**
 * Reads pictures, several at once in threads of their own, and gives them in their order.
 *
 * @param ahead how many are read before they are asked for, at most
 */
export async function* decodeAll(
  files: readonly string[],
  fit: Fit,
  ahead: number,
): AsyncGenerator<Decoded, void, undefined> {
  if (files.length <= FEW) {
    for (const file of files) yield { file, result: await readHere(file, fit) };
    return;
  }
  const waiting: Promise<Decoded>[] = [];
  let next = 0;
  while (next < files.length || waiting.length > 0) {
    while (next < files.length && waiting.length < ahead + threadCount) {
      const file = files[next++]!;
      const asked = askThreads<Fitted>({ kind: 'fitted', path: file, fit });
      waiting.push(asked.then((result) => ({ file, result })));
    }
    yield await waiting.shift()!;
  }
}

async function readHere(path: string, fit: Fit): Promise<Fitted | FoveaError> {
  try {
    return await readFitted(path, fit);
  } catch (error) {
    if (error instanceof FoveaError) return error;
    throw error;
  }
}
