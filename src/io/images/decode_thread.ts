/** What a decoding thread runs: one picture per message. */
import { parentPort } from 'node:worker_threads';
import { FoveaError, type ErrorCode } from '../../errors.js';
import { readAsKeras, readFitted, type Fit, type Fitted, type KerasFit } from './fit.js';
import type { Image } from './image.js';

/** What a thread is asked for: a `Fitted`, or an `Image` as Keras has it. */
export type Question =
  | { readonly kind: 'fitted'; readonly path: string; readonly fit: Fit }
  | { readonly kind: 'keras'; readonly path: string; readonly fit: KerasFit };

/** What it answers: errors lose their class on the way between threads. */
export type Answer =
  { readonly picture: Fitted | Image } | { readonly error: ErrorCode; readonly message: string };

parentPort?.on('message', (question: Question) => {
  void answer(question);
});

async function answer(question: Question): Promise<void> {
  try {
    if (question.kind === 'keras') {
      const picture = await readAsKeras(question.path, question.fit);
      send({ picture }, picture);
      return;
    }
    const picture = await readFitted(question.path, question.fit);
    send({ picture }, picture.image, ...(picture.thumbnail ? [picture.thumbnail] : []));
  } catch (error) {
    const code = error instanceof FoveaError ? error.code : 'FILE';
    send({ error: code, message: error instanceof Error ? error.message : String(error) });
  }
}

/** Pictures are handed over, not copied. */
function send(answer: Answer, ...pictures: readonly Image[]): void {
  parentPort?.postMessage(
    answer,
    pictures.map(({ data }) => data.buffer as ArrayBuffer),
  );
}
