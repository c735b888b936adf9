import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on this machine that answers as it is told, and counts what it is asked. */
export interface Liar {
  readonly url: string;
  readonly ranges: (string | undefined)[];
  /** How it answers from now on. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

export async function startLiar(): Promise<Liar> {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    liar.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const liar: Liar = {
    url: `http://127.0.0.1:${port}`,
    ranges,
    answer: honest(new Uint8Array(0)),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
  return liar;
}

/** Where a request wants to begin. */
export function startOf({ headers: { range } }: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
}

/** Gives a file, or the rest of it. */
export function honest(file: Uint8Array): Liar['answer'] {
  return (request, response) => {
    const start = startOf(request);
    if (start >= file.length && start > 0) {
      response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
      return;
    }
    const range = `bytes ${start}-${file.length - 1}/${file.length}`;
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': file.length - start,
      ...(start > 0 && { 'content-range': range }),
    });
    response.end(file.subarray(start));
  };
}

/** Announces the rest of a file, but gives `count` bytes of it at most and then hangs up. */
export function cutting(file: Uint8Array, count: number): Liar['answer'] {
  return (request, response) => {
    const start = startOf(request);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': file.length - start,
      ...(start > 0 && { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` }),
    });
    if (start + count >= file.length) {
      response.end(file.subarray(start));
      return;
    }
    response.write(file.subarray(start, start + count), () => {
      // What was written is to arrive first.
      setImmediate(() => response.socket?.end());
    });
  };
}

export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}
