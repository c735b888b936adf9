// PyTorch in a Python process of its own (pytorch.py): on CUDA where there is one, else on the CPU. It is
// told what to do line by line, and starts what it is told without an answer, as the others do.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'pytorch-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
let child, lines;

export async function libraries() {
  const script = fileURLToPath(new URL('pytorch.py', import.meta.url));
  // Threads that spin when their work is done would slow whoever comes next.
  const env = { ...process.env, OMP_WAIT_POLICY: 'passive', KMP_BLOCKTIME: '0' };
  child = spawn('python3', [script, folder], { stdio: ['pipe', 'pipe', 'inherit'], env });
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { version, device } = await answer();
  const name = `PyTorch ${device} ${version}`;
  const place = device === 'cpu' ? 'cpu' : 'gpu';
  return [
    { name, place, prepare: (task) => prepare(task, false) },
    ...(place === 'gpu' ? [half(name)] : []),
  ];
}

const half = (name) => ({
  ...{ name: `${name} float16`, place: 'gpu', tolerance: 0.02 },
  prepare: async (task) =>
    task.row.unit === 'GFLOP/s' ? prepare(task, true) : 'for products only',
});

const tell = (message) => child.stdin.write(`${JSON.stringify(message)}\n`);

async function answer() {
  const { done, value } = await lines.next();
  if (done) throw new Error('the Python process has ended; is PyTorch installed?');
  const { error, ...rest } = JSON.parse(value);
  if (error !== undefined) throw new Error(error);
  return rest;
}

async function ask(message) {
  tell(message);
  return answer();
}

let count = 0;

async function prepare({ row, inputs }, isHalf) {
  if ('model' in row) return 'networks are not written for this library';
  const id = count++;
  const files = Object.entries(inputs).map(([name, { data, shape }]) => {
    const file = `${id}-${name}`;
    writeFileSync(join(folder, file), data);
    return { name, file, shape };
  });
  const { op, options, result, resultShape } = row;
  const given = { id, inputs: files, op, options, result, resultShape, half: isHalf };
  await ask({ do: 'prepare', ...given });
  for (const { file } of files) rmSync(join(folder, file));
  return {
    start: () => void tell({ do: 'start', id }),
    finish: async () => void (await ask({ do: 'finish' })),
    result: async () => {
      const file = join(folder, 'result');
      await ask({ do: 'result', id, file });
      const bytes = readFileSync(file);
      rmSync(file);
      return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    },
    dispose: async () => void (await ask({ do: 'dispose', id })),
  };
}
