/** The commands for models, run on files that Keras wrote. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredTensor } from '../src/io/formats/array.js';
import { readNpy, writeNpy, writeNpz } from '../src/io/formats/npy.js';
import { readZip, writeZip } from '../src/io/formats/zip.js';
import { fovea, type Ended } from './cli_harness.js';
import { expectClose, inputsOf, kerasModels, modelFolder, targetsOf } from './io/keras_models.js';

const { functional, chain, two } = kerasModels as Required<typeof kerasModels>;
let scratch: string;
const at = (name: string): string => join(scratch, name);
const model = (name: string): string => join(modelFolder, name);

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'fovea-cli-'));
  const [left, right] = inputsOf(two!);
  const [yes, place] = targetsOf(two!);
  const x = inputsOf(chain!)[0]!;
  const y = targetsOf(chain!)[0]!;
  const files: Record<string, StoredTensor | undefined> = {
    ...{ left, right, yes, place, x, y, picture: inputsOf(functional!)[0]! },
    ...{ x9: rows(x, 0, 9), y9: rows(y, 0, 9), x3: rows(x, 9, 12), y3: rows(y, 9, 12) },
    nan: result(
      Float32Array.from(x.data, (v, i) => (i === 100 ? NaN : v)),
      x.shape,
    ),
  };
  for (const [name, array] of Object.entries(files)) {
    await writeFile(at(`${name}.npy`), writeNpy(array!));
  }
  const labels = targetsOf(functional!)[0]!;
  const int64 = BigInt64Array.from(labels.data, (n) => BigInt(n));
  await writeFile(at('labels.npy'), numpyFile('<i8', labels.shape, int64));
  await writeFile(at('x64.npy'), numpyFile('<f8', x.shape, Float64Array.from(x.data)));
});
afterAll(() => rm(scratch, { recursive: true }));

/** Samples from `first` to before `end`. */
function rows({ dtype, data, shape }: StoredTensor, first: number, end: number): StoredTensor {
  const size = data.length / shape[0]!;
  const part = (data as Float32Array).slice(first * size, end * size);
  return { dtype: dtype as 'float32', shape: [end - first, ...shape.slice(1)], data: part };
}

/** What numpy.save writes. */
function numpyFile(kind: string, shape: readonly number[], values: ArrayBufferView): Uint8Array {
  const dict = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const header = `\x93NUMPY\x01\x00v\x00${dict.padEnd(117)}\n`;
  const { buffer, byteOffset, byteLength } = values;
  return Buffer.concat([
    Buffer.from(header, 'latin1'),
    Buffer.from(buffer, byteOffset, byteLength),
  ]);
}

/** The JSON document of a command that must succeed. */
async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await fovea([...args, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function array(name: string): Promise<number[]> {
  return [...readNpy(await readFile(at(name))).data];
}

it('summary prints the layers, and draws them', async () => {
  const [text, document] = await Promise.all([
    fovea(['summary', model('functional.keras'), '--expand-nested', '--trainable']),
    json('summary', model('two.keras'), '--plot', at('two.svg')),
  ]);
  expect(text.code).toBe(0);
  for (const part of ['Model: "functional"', 'inner', 'depthwise_conv2d', 'Total params: 980']) {
    expect(text.stdout).toContain(part);
  }
  expect(document).toMatchObject({
    name: 'two',
    className: 'Functional',
    inputs: [
      { name: 'left', shape: '(None, 6)' },
      { name: 'right', shape: '(None, 4, 4, 2)' },
    ],
    outputs: [
      { name: 'yes', shape: '(None, 1)' },
      { name: 'place', shape: '(None, 2)' },
    ],
    params: { total: 79, trainable: 79, nonTrainable: 0 },
  });
  expect(await readFile(at('two.svg'), 'utf8')).toMatch(/^<svg /);
});

describe('run', () => {
  it('takes inputs and outputs in order or by name', async () => {
    const [document, text] = await Promise.all([
      json(
        ...['run', model('two.keras'), '--input', `right=${at('right.npy')}`],
        ...['--input', `left=${at('left.npy')}`, '--output', `place=${at('place.out.npy')}`],
        ...['--output', at('yes.out.npy'), '--batch-size', '4'],
      ),
      fovea(['run', model('chain.h5'), '--input', at('x64.npy'), '--output', at('chain.npy')]),
    ]);
    expect(document['outputs']).toEqual([
      { name: 'yes', file: at('yes.out.npy'), shape: [10, 1] },
      { name: 'place', file: at('place.out.npy'), shape: [10, 2] },
    ]);
    const results = [await array('yes.out.npy'), await array('place.out.npy')];
    expectClose(results, two!.before, 1e-5);
    expect(text).toMatchObject({ code: 0, stdout: `${at('chain.npy')} (12, 3)\n` });
    expectClose([await array('chain.npy')], chain!.before, 1e-5);
  });
});

describe('fit', () => {
  const settings = ['--no-shuffle', '--epochs', '2'];
  const close = (history: unknown, expected: Readonly<Record<string, readonly number[]>>): void => {
    const actual = history as typeof expected;
    expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
    for (const [key, values] of Object.entries(expected)) {
      expectClose([actual[key]!], [values], 1e-4);
    }
  };

  it('trains as Keras does, from int64 labels, with what the optimizer kept', async () => {
    const document = await json(
      ...['fit', model('functional.keras'), '--x', at('picture.npy'), '--y', at('labels.npy')],
      ...[...settings, '--batch-size', '5', '--output', at('functional.keras')],
    );
    expect(Object.keys(document)).toEqual(['history']);
    close(document['history'], functional!.history!);
    await writeFile(at('after.npy'), writeNpy(result(functional!.after![0]!, [12, 5])));
    const same = await json(
      ...['verify', at('functional.keras'), '--input', at('picture.npy')],
      ...['--reference', at('after.npy'), '--tolerance', '1e-3'],
    );
    expect(same).toMatchObject({ same: true, tolerance: 1e-3, firstDifference: null });
  });

  it('validates on a share of the samples, or on files', async () => {
    const how = [...settings, '--batch-size', '5', '--output', at('chain.keras')];
    const [split, files] = [
      await json(
        ...['fit', model('chain.keras'), '--x', at('x.npy'), '--y', at('y.npy')],
        ...['--validation-split', '0.25', ...how],
      ),
      await json(
        ...['fit', model('chain.keras'), '--x', at('x9.npy'), '--y', at('y9.npy')],
        ...['--val-x', at('x3.npy'), '--val-y', at('y3.npy'), ...how],
      ),
    ];
    close(split['history'], chain!.history!);
    expect(files).toEqual(split);
  });

  it('prints a line for each epoch, of several outputs too', async () => {
    const { code, stdout } = await fovea([
      ...['fit', model('two.keras'), '--x', at('left.npy'), '--x', at('right.npy')],
      ...['--y', `place=${at('place.npy')}`, '--y', `yes=${at('yes.npy')}`],
      ...[...settings, '--batch-size', '4', '--output', at('two.weights.h5')],
    ]);
    expect(code).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines.map((line) => line.split('  ')[0])).toEqual(['epoch 1', 'epoch 2']);
    const printed = lines.map((line) => Number(/ loss: ([\d.]+)/.exec(line)![1]));
    expectClose([printed], [two!.history!['loss']!], 1e-4);
  });

  it.runIf(process.platform !== 'win32')('leaves nothing when it is interrupted', async () => {
    const folder = await mkdtemp(at('interrupted-'));
    const args = ['fit', model('chain.keras'), '--x', at('x.npy'), '--y', at('y.npy')];
    const more = ['--epochs', '100000', '--output', join(folder, 'm.keras')];
    const { code } = await fovea([...args, ...more], {}, (stdout, child) => {
      if (!child.killed && stdout.includes('epoch 2')) child.kill('SIGINT');
    });
    expect(code).toBe(130);
    expect(await readdir(folder)).toEqual([]);
  });
});

function result(values: Iterable<number>, shape: readonly number[]): StoredTensor {
  return { dtype: 'float32', shape: [...shape], data: Float32Array.from(values) };
}

it("evaluate takes Keras's names of losses, metrics and optimizers", async () => {
  const both = ['--x', at('left.npy'), '--x', at('right.npy'), '--y', at('yes.npy')];
  const [document, text] = await Promise.all([
    json(
      ...['evaluate', model('chain.keras'), '--x', at('x.npy'), '--y', at('y.npy')],
      ...['--loss', 'categorical_crossentropy', '--optimizer', 'adam_w', '--learning-rate', '0.1'],
      ...['--metrics', 'categorical_accuracy,top_k_categorical_accuracy'],
    ),
    fovea([
      ...['evaluate', model('two.keras'), ...both, '--y', at('place.npy')],
      ...['--loss', 'mse', '--metrics', 'yes=binary_accuracy', '--metrics', 'place=mae,mse'],
    ]),
  ]);
  expect(document).toEqual({
    loss: expect.closeTo(1.15, 1) as number,
    categorical_accuracy: expect.closeTo(1 / 3) as number,
    top_k_categorical_accuracy: 1,
  });
  expect(text.code).toBe(0);
  expect(text.stdout.match(/^\w+(?=: [\d.]+$)/gm)).toEqual([
    ...['loss', 'yes_loss', 'place_loss', 'yes_binary_accuracy', 'place_mae', 'place_mse'],
  ]);
});

describe('convert and verify', () => {
  const input = (): string[] => ['--input', at('picture.npy')];

  it('writes each format; weights come back with an architecture', async () => {
    const file = model('functional.keras');
    const check = async (name: string): Promise<void> => {
      const document = await json('convert', file, at(name));
      const { length: bytes } = await readFile(at(name));
      const [input, output] = [file, at(name)];
      expect(document).toEqual({
        ...{ input, output, written: true, bytes, layers: 22, params: 980, compiled: true },
      });
    };
    await Promise.all(['m.weights.h5', 'm.safetensors', 'm.npz', 'm.onnx'].map(check));
    const back = ['convert', at('m.npz'), at('back.keras'), '--architecture', file];
    expect((await fovea(back)).stdout).toContain('back.keras written: 22 layers, 980 parameters');
    const layer = ['--layer', 'flatten', '--output', at('flatten.npy')];
    await json('run', file, ...input(), ...layer);
    const known = readNpy(await readFile(at('flatten.npy')));
    await writeFile(at('layers.npz'), writeNpz(new Map([['flatten', known]])));
    const reference = result(functional!.before[0]!, [12, 5]);
    await writeFile(at('before.npy'), writeNpy(reference));
    const how = [...input(), '--layers', at('layers.npz'), '--reference'];
    const same = await fovea(['verify', at('back.keras'), ...how, at('before.npy')]);
    expect(same.code).toBe(0);
    expect(same.stdout).toMatch(/^same +flatten .*\nsame +classes .*\nAll are the same\.\n$/);
  });

  it('says which layer is the first that differs', async () => {
    const data = (await array('flatten.npy')).map((v) => v + 1);
    const shape = [12, data.length / 12];
    await writeFile(at('other.npz'), writeNpz(new Map([['flatten', result(data, shape)]])));
    const { code, stdout } = await fovea([
      ...['verify', model('functional.keras'), ...input(), '--layers', at('other.npz')],
      ...['--reference', at('before.npy'), '--json'],
    ]);
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({
      same: false,
      firstDifference: { name: 'flatten', isSame: false },
      comparisons: [{ name: 'flatten' }, { name: 'classes', isSame: true }],
    });
  });

  it('a dry run writes nothing', async () => {
    const { code, stdout } = await fovea([
      ...['convert', model('tfjs'), at('dry.keras'), '--dry-run'],
    ]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('dry.keras would be written: 6')]);
    expect(await readdir(scratch)).not.toContain('dry.keras');
  });
});

describe('errors', () => {
  const x = (): string[] => ['--x', at('x.npy'), '--y', at('y.npy')];
  const out = (): string[] => ['--output', at('never.npy')];
  const cases: readonly [string, () => string[], code: number, RegExp][] = [
    ['a missing file', () => ['summary', at('no.keras')], 4, /no\.keras: there is no such file/],
    ['a file that is no model', () => ['summary', at('x.npy')], 4, /x\.npy: it is no model/],
    [
      'a wrong shape',
      () => ['run', model('chain.keras'), '--input', at('picture.npy'), ...out()],
      4,
      /x has shape \(12, 8, 8, 3\), expected \(None, 6, 6, 1\)/,
    ],
    [
      'an unknown layer',
      () => ['run', model('chain.keras'), '--input', at('x.npy'), ...out(), '--layer', 'nope'],
      2,
      /no layer "nope"/,
    ],
    ['an unknown option', () => ['summary', model('chain.keras'), '--plto', 'a'], 2, /'--plto'/],
    [
      'a missing input',
      () => ['run', model('two.keras'), '--input', at('left.npy'), ...out(), ...out()],
      2,
      /--input: got 1, the model has 2: left, right/,
    ],
    [
      'NaN in the data',
      () => [
        ...['fit', model('chain.keras'), '--x', at('nan.npy'), '--y', at('y.npy')],
        ...['--output', at('never.keras')],
      ],
      4,
      /x\[2, 4, 4, 0\] is NaN/,
    ],
    [
      'a wrong ending, before training',
      () => ['fit', model('chain.keras'), ...x(), '--output', at('never.txt'), '--epochs', '9999'],
      2,
      /never\.txt.*\n.*\.keras/,
    ],
    ['no loss', () => ['evaluate', model('tfjs'), ...x()], 2, /without a loss: pass --loss/],
    ['an unknown loss', () => ['evaluate', model('tfjs'), ...x(), '--loss', 'l'], 2, /'l' is unk/],
    [
      'half of the validation data',
      () => [
        ...['fit', model('chain.keras'), ...x(), '--val-x', at('x.npy')],
        ...['--output', at('never.keras')],
      ],
      2,
      /go together/,
    ],
  ];

  it.each(cases)('%s', async (_, args, code, message) => {
    const ended: Ended = await fovea([...args(), '--json']);
    const { error } = JSON.parse(ended.stdout) as { error: { code: string; message: string } };
    expect([ended.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect((await readdir(scratch)).filter((name) => name.startsWith('never'))).toEqual([]);
  });

  it('are told on stderr without --json', async () => {
    const ended = await fovea(['summary', at('no.keras')]);
    expect(ended).toMatchObject({ code: 4, stdout: '' });
    expect(ended.stderr).toContain('no.keras: there is no such file or folder');
  });
});

it('sizes that a file leaves open come from --input-shape, or from the arrays', async () => {
  const chainFile = await readFile(model('chain.keras'));
  const members = new Map(readZip(new Uint8Array(chainFile)));
  const config = new TextDecoder().decode(members.get('config.json'));
  const open = config.replaceAll('[null, 6, 6, 1]', '[null, null, null, 1]');
  expect(open).not.toBe(config);
  members.set('config.json', new TextEncoder().encode(open));
  await writeFile(at('open.keras'), writeZip(members));
  const [bare, shaped, run] = [
    await fovea(['summary', at('open.keras'), '--json']),
    await fovea(['summary', at('open.keras'), '--input-shape', '6,6,1', '--json']),
    await fovea(['run', at('open.keras'), '--input', at('x.npy'), '--output', at('open.npy')]),
  ];
  expect(bare.code).toBe(4);
  expect(bare.stdout).toContain('is open');
  expect(JSON.parse(shaped.stdout)).toMatchObject({ inputs: [{ shape: '(None, 6, 6, 1)' }] });
  expect(run.code).toBe(0);
});
