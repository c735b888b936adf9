import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { FoveaError } from '../../errors.js';
import type { Answer, Question } from './decode_thread.js';

const MAX_THREADS = 4;

/** How many pictures are decoded at the same time. */
export const threadCount = Math.min(MAX_THREADS, Math.max(1, availableParallelism() - 1));

/** From source, a thread must get the loader of TypeScript first. */
const FROM_SOURCE = `
  const { workerData } = require('node:worker_threads');
  import('tsx/esm/api').then(({ register }) => { register(); return import(workerData); });
`;

interface Waiting {
  readonly question: Question;
  readonly done: (answer: unknown) => void;
}

// Threads serve all data sets. One that has nothing to do does not keep the process alive.
const idle: Worker[] = [];
const queue: Waiting[] = [];
let alive = 0;

/**
 * Lets a thread read a picture. Questions are answered in their order, a few at the same time.
 *
 * @returns what the question asks for, or why it could not be read
 */
export function askThreads<T>(question: Question): Promise<T | FoveaError> {
  return new Promise((done) => {
    queue.push({ question, done: done as (answer: unknown) => void });
    work();
  });
}

function work(): void {
  while (queue.length > 0) {
    const worker = idle.pop() ?? (alive < threadCount ? start() : undefined);
    if (!worker) return;
    const { question, done } = queue.shift()!;
    const onMessage = (answer: Answer): void => {
      worker.off('error', onError);
      worker.unref();
      idle.push(worker);
      done('error' in answer ? new FoveaError(answer.error, answer.message) : answer.picture);
      work();
    };
    // The thread is gone, as when a picture takes all its memory: the next gets another one.
    const onError = (cause: unknown): void => {
      worker.off('message', onMessage);
      alive--;
      const reason = cause instanceof Error ? cause.message : String(cause);
      const text = `${question.path}: the thread that decodes it has failed: ${reason}`;
      done(new FoveaError('FILE', text, { cause }));
      work();
    };
    worker.once('message', onMessage);
    worker.once('error', onError);
    worker.ref();
    worker.postMessage(question);
  }
}

function start(): Worker {
  alive++;
  return import.meta.url.endsWith('.ts')
    ? new Worker(FROM_SOURCE, {
        eval: true,
        workerData: new URL('./decode_thread.ts', import.meta.url).href,
      })
    : new Worker(new URL('./decode_thread.js', import.meta.url));
}
