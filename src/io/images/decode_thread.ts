/** What a decoding thread runs: one picture per message. */
import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { FoveaError, type ErrorCode } from '../../errors.js';
import { readAsKeras, readFitted, type Fit, type Fitted, type KerasFit } from './fit.js';
import { readFileOrThrow } from '../files.js';
import { decodeImage, type Image } from './image.js';

/** What is known of a file without looking at the picture. */
export interface Inspected {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly bytes: number;
  /** Equal for equal files: SHA-1. */
  readonly hash: string;
}

/** What a thread is asked for: a `Fitted`, an `Image` as Keras has it, or an `Inspected`. */
export type Question =
  | { readonly kind: 'inspect'; readonly path: string }
  | { readonly kind: 'fitted'; readonly path: string; readonly fit: Fit }
  | { readonly kind: 'keras'; readonly path: string; readonly fit: KerasFit };

/** What it answers: errors lose their class on the way between threads. */
export type Answer =
  | { readonly picture: Fitted | Image | Inspected }
  | { readonly error: ErrorCode; readonly message: string };

parentPort?.on('message', (question: Question) => {
  void answer(question);
});

async function answer(question: Question): Promise<void> {
  try {
    if (question.kind === 'inspect') {
      send({ picture: await inspect(question.path) });
      return;
    }
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

async function inspect(path: string): Promise<Inspected> {
  const bytes = await readFileOrThrow(path);
  const hash = createHash('sha1').update(bytes).digest('hex');
  const { width, height, channels } = await decodeImage(bytes);
  return { width, height, channels, bytes: bytes.length, hash };
}

/** Pictures are handed over, not copied. */
function send(answer: Answer, ...pictures: readonly Image[]): void {
  parentPort?.postMessage(
    answer,
    pictures.map(({ data }) => data.buffer as ArrayBuffer),
  );
}
