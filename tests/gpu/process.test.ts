import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

const IMPORTS = `
  import { init, shutdown, defaultDevice } from ${JSON.stringify(join(root, 'src/gpu/init.ts'))};
  import { tensor, empty } from ${JSON.stringify(join(root, 'src/tensor.ts'))};
  import { add, fill, matmul } from ${JSON.stringify(join(root, 'src/ops/index.ts'))};
  import { runKernel } from ${JSON.stringify(join(root, 'src/ops/run.ts'))};
`;

/** Runs a script in a process of its own; `onOutput` may send it signals. */
function runScript(
  script: string,
  env: Readonly<Record<string, string>> = {},
  onOutput: (kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Outcome> {
  const begin = performance.now();
  const options = ['--conditions=fovea-source', '--import', 'tsx', '--input-type=module'];
  const child = spawn(process.execPath, [...options, '--eval', IMPORTS + script], {
    cwd: root,
    env: { ...process.env, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    onOutput((signal) => child.kill(signal));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // Whatever hangs shall fail here, and not stay behind.
  const watchdog = setTimeout(() => child.kill('SIGKILL'), 30_000);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(watchdog);
      resolve({ code, signal, stdout, stderr, milliseconds: performance.now() - begin });
    });
  });
}

const WORK = 'const y = matmul(fill([300, 300], 1), fill([300, 300], 2));';
const BROKEN = `
  const x = tensor([1, 2]);
  const y = empty([2]);
  const text = '@group(0) @binding(0) var<storage, read> x: array<f32>;' +
    '@group(0) @binding(1) var<storage, read_write> y: array<f32>;' +
    '@compute @workgroup_size(64) fn main() { y[0] = nonsense(x[0]); }';
  runKernel('mine', defaultDevice().kernels.fromText('mine', text), { x, y }, {}, 1);`;

describe('a process', () => {
  it('ends by itself, with nothing on stdout but its own output', async () => {
    const result = await runScript(`await init(); ${WORK} console.log((await y.data())[0]);`);
    expect(result).toMatchObject({ code: 0, signal: null, stdout: '600\n' });
    expect(result.stderr).toContain('fovea: ');
    expect(result.milliseconds).toBeLessThan(10_000);
  });

  it('ends by itself after shutdown, and after being opened again', async () => {
    const result = await runScript(`
      for (let i = 0; i < 5; i++) { await init(); ${WORK} await y.data(); shutdown(); }
    `);
    expect(result).toMatchObject({ code: 0, stdout: '' });
  });

  it('ends with 1 when it throws after init', async () => {
    const result = await runScript(`await init(); ${WORK} throw new Error('mine');`);
    expect(result).toMatchObject({ code: 1, signal: null, stdout: '' });
    expect(result.stderr).toContain('Error: mine');
  });

  it('ends at once with process.exit while a read is pending', async () => {
    const result = await runScript(`await init(); ${WORK} void y.data(); process.exit(5);`);
    expect(result).toMatchObject({ code: 5, signal: null, stdout: '' });
  });

  it('ends by itself when nobody awaits a pending read', async () => {
    const result = await runScript(`await init(); ${WORK} void y.data();`);
    expect(result).toMatchObject({ code: 0, signal: null, stdout: '' });
    expect(result.milliseconds).toBeLessThan(10_000);
  });

  it('says nothing on stdout about a shader that does not compile', async () => {
    const result = await runScript(`
      await init(); ${BROKEN}
      await y.data().catch((error) => console.log(error.code));
    `);
    expect(result).toMatchObject({ code: 0, stdout: 'VALIDATION\n' });
  });

  it('ends with 1 when an error of the GPU is not caught', async () => {
    const result = await runScript(`await init(); ${BROKEN} await y.data();`);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain('kernel mine');
  });

  it('can be interrupted while it works', async () => {
    const work = `
      await init();
      console.log('working');
      for (;;) { ${WORK} await add(y, 1).data(); y.dispose(); }`;
    const result = await runScript(work, {}, (kill) => kill('SIGINT'));
    expect(result.signal === 'SIGINT' || result.code === 130).toBe(true);
    expect(result.stdout).toBe('working\n');
    expect(result.milliseconds).toBeLessThan(10_000);
  });

  it('takes no processor time while it waits for something else', async () => {
    const result = await runScript(`
      await init(); ${WORK} await y.data();
      const { setTimeout: pause } = await import('node:timers/promises');
      const before = process.cpuUsage();
      await pause(1000);
      const { user, system } = process.cpuUsage(before);
      console.log((user + system) / 1e6);
    `);
    expect(result.code).toBe(0);
    expect(Number(result.stdout)).toBeLessThan(0.1);
  });

  it('patches setImmediate once, however often it opens the GPU', async () => {
    const result = await runScript(`
      await init(); shutdown();
      const first = globalThis.setImmediate;
      await init(); await init();
      console.log(globalThis.setImmediate === first);
    `);
    expect(result).toMatchObject({ code: 0, stdout: 'true\n' });
  });
});

const NO_DRIVERS = { VK_DRIVER_FILES: '/nonexistent' };
const linux = process.platform === 'linux' && process.arch === 'x64';

describe.runIf(linux)('without a driver', () => {
  let cache = '';
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'fovea-cache-'));
  });
  afterEach(() => rm(cache, { recursive: true }));

  it('says what was tried and what to install', async () => {
    const script = `
      await init({ adapter: 'hardware' }).catch((e) => console.log(e.code + '\\n' + e.message));`;
    const result = await runScript(script, NO_DRIVERS);
    expect(result).toMatchObject({ code: 0, signal: null });
    expect(result.stdout).toContain('NO_GPU\nno usable GPU. Tried:\n  - system Vulkan: ');
    expect(result.stdout).toContain('mesa-vulkan-drivers');
  });

  const embedded = `
    const info = await init(); ${WORK}
    console.log(info.source, info.class, (await y.data())[0]);`;
  const expected = { code: 0, stdout: 'embedded SwiftShader software 600\n' };

  it('unpacks the embedded one, also in two processes at once', async () => {
    const env = { ...NO_DRIVERS, FOVEA_CACHE: join(cache, 'new') };
    const results = await Promise.all([runScript(embedded, env), runScript(embedded, env)]);
    for (const result of results) expect(result).toMatchObject(expected);
    const [folder, ...others] = await readdir(join(cache, 'new'));
    expect(folder).toMatch(/^swiftshader-[\d.]+$/);
    expect(others).toEqual([]);
    expect(await runScript(embedded, env)).toMatchObject(expected);
  });

  it('says once that mixed precision is not available, and computes in float32', async () => {
    const script = `
      const { layers, sequential } = await import(${JSON.stringify(join(root, 'src/index.ts'))});
      await init({ precision: 'mixed' });
      const model = sequential([layers.input({ shape: [1] }), layers.dense({ units: 1 })]);
      model.compile({ optimizer: 'sgd', loss: 'meanSquaredError', precision: 'mixed' });
      console.log((await matmul(tensor([[2049]]), tensor([[1]])).data())[0], model.isMixed);
      shutdown();
      await init();
      model.compile({ optimizer: 'sgd', loss: 'meanSquaredError', precision: 'mixed' });`;
    const result = await runScript(script, { ...NO_DRIVERS, FOVEA_CACHE: cache });
    expect(result).toMatchObject({ code: 0, stdout: '2049 false\n' });
    const notes = result.stderr.match(/mixed precision is not available, float32 is used/g);
    expect(notes).toHaveLength(2);
  });

  it('opens the embedded one again under its own name', async () => {
    const script = `
      for (let i = 0; i < 2; i++) {
        console.log((await init()).source);
        await fill([4], 1).data();
        shutdown();
      }`;
    const result = await runScript(script, { ...NO_DRIVERS, FOVEA_CACHE: cache });
    expect(result).toMatchObject({
      code: 0,
      stdout: 'embedded SwiftShader\nembedded SwiftShader\n',
    });
  });

  it('says so when the cache folder cannot be written', async () => {
    const script = `await init().catch((e) => console.log(e.code, e.message));`;
    const result = await runScript(script, {
      ...NO_DRIVERS,
      FOVEA_CACHE: join(root, 'package.json'),
    });
    expect(result.stdout).toContain('NO_GPU');
    expect(result.stdout).toContain('embedded SwiftShader: it could not be unpacked');
  });
});
