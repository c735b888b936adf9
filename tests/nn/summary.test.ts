import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shutdown } from '../../src/gpu/init.js';
import * as applications from '../../src/models/applications.js';
import * as layers from '../../src/nn/layers/index.js';
import { Progress, type ProgressTarget } from '../../src/nn/progress.js';
import { sequential } from '../../src/nn/sequential.js';
import { humanBytes, thousands } from '../../src/nn/summary.js';
import { openGpu } from '../setup.js';

beforeAll(openGpu);
afterAll(shutdown);

const table = `Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ conv2d (Conv2D)                 │ (None, 6, 6, 32)       │           320 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ batch_normalization             │ (None, 6, 6, 32)       │           128 │
│ (BatchNormalization)            │                        │               │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ flatten (Flatten)               │ (None, 1152)           │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ (None, 10)             │        11,530 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 11,978 (46.79 KB)
 Trainable params: 11,914 (46.54 KB)
 Non-trainable params: 64 (256.00 B)`;

describe('summary', () => {
  it("is Keras's table", () => {
    const model = sequential([
      layers.input({ shape: [8, 8, 1] }),
      layers.conv2d({ filters: 32, kernelSize: 3 }),
      layers.batchNormalization(),
      layers.flatten(),
      layers.dense({ units: 10 }),
    ]);
    const printed: string[] = [];
    const text = model.summary({ print: (some) => printed.push(some) });
    expect(text).toBe(table);
    expect(printed).toEqual([table]);
    model.compile({ optimizer: 'rmsprop', loss: 'meanSquaredError' });
    expect(model.summary({ print: () => undefined })).toBe(
      `${table}\n Optimizer params: 11,916 (46.55 KB)`,
    );
  });

  it('writes numbers for people', () => {
    expect(thousands(669_354)).toBe('669,354');
    expect(thousands(0)).toBe('0');
    expect(humanBytes(0)).toBe('0.00 B');
    expect(humanBytes(4 * 669_354)).toBe('2.55 MB');
  });
});

function target(isTerminal: boolean): ProgressTarget & { text: string } {
  const result = {
    isTerminal,
    text: '',
    write: (text: string) => {
      result.text += text;
    },
  };
  return result;
}

describe('progress', () => {
  const values = { loss: 1.23456, accuracy: 0.5231, valLoss: 0.00012345 };

  it('is a bar on a terminal', () => {
    const out = target(true);
    const progress = new Progress(2, 'auto', 'Epoch 1/3', out);
    progress.step(1);
    progress.end(values);
    // eslint-disable-next-line no-control-regex
    const plain = out.text.replace(/\x1b\[\d*[mK]/g, '');
    expect(plain).toMatch(
      /^Epoch 1\/3\n\r2\/2 ━{20} 0s \d+[mu]s\/step - accuracy: 0\.5231 - loss: 1\.2346 - valLoss: 1\.2345e-4\n$/,
    );
  });

  it('is one line elsewhere, and with verbose 2', () => {
    for (const [isTerminal, verbose] of [
      [false, 'auto'],
      [false, 1],
      [true, 2],
    ] as const) {
      const out = target(isTerminal);
      const progress = new Progress(313, verbose, 'Epoch 1/3', out);
      for (let i = 1; i <= 313; i++) progress.step(i);
      expect(progress.wantsValues()).toBe(false);
      progress.end(values);
      expect(out.text).toMatch(
        /^Epoch 1\/3 - 313\/313 - 0s - \d+us\/step - accuracy: 0\.5231[^\n]*\n$/,
      );
    }
  });

  it('is nothing with verbose 0', () => {
    const out = target(true);
    const progress = new Progress(2, 0, 'Epoch 1/3', out);
    progress.step(1);
    progress.end(values);
    expect(out.text).toBe('');
  });

  it('asks for values and draws only now and then', async () => {
    const out = target(true);
    const progress = new Progress(1000, 1, '', out);
    for (let i = 1; i <= 500; i++) progress.step(i);
    expect(out.text).toBe('');
    await new Promise((resolve) => setTimeout(resolve, 510));
    expect(progress.wantsValues()).toBe(true);
    progress.show({ loss: 2 });
    expect(progress.wantsValues()).toBe(false);
    progress.step(501);
    expect(out.text).toMatch(/501\/1000.*loss: 2\.0000/);
    expect(out.text).not.toContain('\n');
    progress.abandon();
    expect(out.text.endsWith('\n')).toBe(true);
  });
});

it('counts multiply-accumulates and activations, as published for the networks', async () => {
  const net = sequential([
    layers.input({ shape: [8, 8, 3] }),
    layers.conv2d({ filters: 4, kernelSize: 3, groups: 1 }),
    layers.depthwiseConv2d({ kernelSize: 3, strides: 2 }),
    layers.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 2 }),
    layers.flatten(),
    layers.dense({ units: 5 }),
  ]);
  const text = net.summary({ print: () => undefined, showMacs: true, showActivations: true });
  // 6 x 6 places of 3 x 3 x 3 x 4; 2 x 2 of 3 x 3 x 4; 2 x 2 inputs of 2 x 2 x 4 x 2; 32 x 5.
  expect(text).toContain(
    `Multiply-accumulates: ${(36 * 108 + 4 * 36 + 4 * 32 + 160).toLocaleString('en')}`,
  );
  expect(text).toContain('Activations: 916 (916.00 B)');
  expect(text).toMatch(/│ conv2d\w* \(Conv2D\) .*│ +3,888 │ +576 │/);
  net.dispose();
  const vgg = await applications.vgg16({ initialize: false });
  expect(vgg.summary({ print: () => undefined, showMacs: true })).toContain('15,470,264,320');
  vgg.dispose();
});
