import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The Chromium that the embedded adapter comes from, with WebGPU on SwiftShader. */
const FLAGS = [
  ...['--no-sandbox', '--no-zygote', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync', '--disable-gpu-sandbox'],
  ...['--ignore-gpu-blocklist', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
];

/** Whether there is one. */
export const hasChromium: boolean = process.platform === 'linux' && process.arch === 'x64';

async function chromiumPath(): Promise<string> {
  // The package unpacks the system libraries of Chromium, too, when it is told that there are none.
  process.env['AWS_LAMBDA_JS_RUNTIME'] = 'nodejs20.x';
  const { default: chromium } = await import('@sparticuz/chromium');
  return chromium.executablePath();
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * Opens a page that runs a script, and waits until the script posts to `end`.
 *
 * @param files by name; undefined where there is none
 * @param take is given what the script posts to other addresses
 * @throws Error with what the script posts to `failed`
 */
export async function openPage(
  script: string,
  files: (name: string) => Promise<string | Uint8Array | undefined>,
  take: (name: string, body: Buffer) => void,
): Promise<void> {
  let succeed!: () => void;
  let fail!: (error: Error) => void;
  const ended = new Promise<void>((resolve, reject) => {
    [succeed, fail] = [resolve, reject];
  });
  const server = createServer((request, response) => {
    const name = decodeURIComponent(request.url!.slice(1));
    const answer = async (): Promise<string | Uint8Array | undefined> => {
      if (request.method === 'POST') {
        const body = await bytesOf(request);
        if (name === 'end') succeed();
        else if (name === 'failed') fail(new Error(body.toString()));
        else take(name, body);
        return '';
      }
      if (name === '') return '<!doctype html><script type="module" src="script.js"></script>';
      return name === 'script.js' ? script : files(name);
    };
    answer().then((content) => {
      const type = name === '' ? 'text/html' : name.endsWith('.js') ? 'text/javascript' : '';
      response.writeHead(content === undefined ? 404 : 200, { 'content-type': type });
      response.end(content);
    }, fail);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const profile = await mkdtemp(join(tmpdir(), 'fovea-chromium-'));
  const flags = [...FLAGS, `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`];
  const path = await chromiumPath();
  // Drivers that were chosen for Node are not those of Chromium.
  const env = { ...process.env, VK_DRIVER_FILES: undefined };
  const browser = spawn(path, flags, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  browser.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-4000)));
  const exited = once(browser, 'exit');
  try {
    const early = exited.then(([code]) => {
      throw new Error(`Chromium ended with ${String(code)}: ${said}`);
    });
    await Promise.race([ended, early]);
  } finally {
    browser.kill('SIGKILL');
    await exited;
    server.close();
    await rm(profile, { recursive: true, force: true });
  }
}
