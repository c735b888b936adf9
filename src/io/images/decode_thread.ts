/** What a decoding thread runs: one picture per message. */
import { parentPort } from 'node:worker_threads';
import { FoveaError, type ErrorCode } from '../../errors.js';
import { readFitted, type Fit, type Fitted } from './fit.js';

/** What a thread is asked for. */
export interface Question {
  readonly path: string;
  readonly fit: Fit;
}

/** What it answers: errors lose their class on the way between threads. */
export type Answer = Fitted | { readonly code: ErrorCode; readonly message: string };

parentPort?.on('message', (question: Question) => {
  void answer(question);
});

async function answer({ path, fit }: Question): Promise<void> {
  try {
    const fitted = await readFitted(path, fit);
    const pictures = [fitted.image, ...(fitted.thumbnail ? [fitted.thumbnail] : [])];
    const buffers = pictures.map(({ data }) => data.buffer as ArrayBuffer);
    parentPort?.postMessage(fitted, buffers);
  } catch (error) {
    const code = error instanceof FoveaError ? error.code : 'FILE';
    const message = error instanceof Error ? error.message : String(error);
    parentPort?.postMessage({ code, message } satisfies Answer);
  }
}
