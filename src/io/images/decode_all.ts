import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { FoveaError } from '../../errors.js';
import type { Answer, Question } from './decode_thread.js';
import { readFitted, type Fit, type Fitted } from './fit.js';

/** A thread takes longer to start than a picture or two to decode. */
const FEW = 2;
const MAX_THREADS = 4;

/** From source, a thread must get the loader of TypeScript first. */
const FROM_SOURCE = `
  const { workerData } = require('node:worker_threads');
  import('tsx/esm/api').then(({ register }) => { register(); return import(workerData); });
`;

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
  const count = Math.min(MAX_THREADS, Math.max(1, availableParallelism() - 1), files.length);
  const threads = new Threads(count);
  try {
    const waiting: Promise<Decoded>[] = [];
    let next = 0;
    while (next < files.length || waiting.length > 0) {
      while (next < files.length && waiting.length < ahead + count) {
        const file = files[next++]!;
        waiting.push(threads.ask({ path: file, fit }).then((result) => ({ file, result })));
      }
      yield await waiting.shift()!;
    }
  } finally {
    await threads.end();
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

/** A few threads, each with one question at a time. */
class Threads {
  private readonly idle: Worker[] = [];
  private readonly all = new Set<Worker>();
  private readonly queue: { question: Question; done: (answer: Fitted | FoveaError) => void }[] =
    [];

  constructor(private readonly count: number) {}

  ask(question: Question): Promise<Fitted | FoveaError> {
    return new Promise((done) => {
      this.queue.push({ question, done });
      this.work();
    });
  }

  async end(): Promise<void> {
    this.queue.length = 0;
    await Promise.all([...this.all].map((worker) => worker.terminate()));
  }

  private work(): void {
    while (this.queue.length > 0) {
      const worker = this.idle.pop() ?? (this.all.size < this.count ? this.start() : undefined);
      if (!worker) return;
      const { question, done } = this.queue.shift()!;
      const onMessage = (answer: Answer): void => {
        worker.off('error', onError);
        this.idle.push(worker);
        done('code' in answer ? new FoveaError(answer.code, answer.message) : answer);
        this.work();
      };
      // The thread is gone, as when a picture takes all its memory: the next gets another one.
      const onError = (cause: unknown): void => {
        worker.off('message', onMessage);
        this.all.delete(worker);
        const reason = cause instanceof Error ? cause.message : String(cause);
        const text = `${question.path}: the thread that decodes it has failed: ${reason}`;
        done(new FoveaError('FILE', text, { cause }));
        this.work();
      };
      worker.once('message', onMessage);
      worker.once('error', onError);
      worker.postMessage(question);
    }
  }

  private start(): Worker {
    const worker = import.meta.url.endsWith('.ts')
      ? new Worker(FROM_SOURCE, {
          eval: true,
          workerData: new URL('./decode_thread.ts', import.meta.url).href,
        })
      : new Worker(new URL('./decode_thread.js', import.meta.url));
    this.all.add(worker);
    return worker;
  }
}
