import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { array, type Array64 } from './array.js';
import * as conv from './conv.js';
import { discrepancy } from './gradient.js';
import * as losses from './losses.js';
import { dense } from './matmul.js';
import { batchNorm, batchNormInference } from './norm.js';
import * as pool from './pool.js';
import { resize } from './resize.js';
import { windowAxis } from './window.js';

interface Weight {
  readonly name: string;
  readonly shape: number[];
  readonly v: number[];
}
interface LayerRecord {
  readonly x_shape: number[];
  readonly x: number[];
  readonly weights: Weight[];
  readonly y: number[];
}
interface PaddingRecord {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly out: number;
  readonly before: number;
  readonly after: number;
}
interface Fixtures {
  readonly losses: Record<string, unknown>;
  readonly batchnorm: Record<string, number[]>;
  readonly same_padding: PaddingRecord[];
  readonly pooling: Record<string, { readonly shape: number[]; readonly y: number[] }>;
  readonly layers: Record<string, LayerRecord>;
  readonly resize_bilinear: Record<string, Record<string, number[][]>>;
}

const fixtures = JSON.parse(
  readFileSync(new URL('../fixtures/keras-numerics.json', import.meta.url), 'utf8'),
) as Fixtures;

function expectClose(actual: Array64, expected: number[]): void {
  expect(discrepancy(actual.data, array(actual.shape, expected)).max).toBeLessThan(1e-5);
}

describe('against Keras', () => {
  test.each(fixtures.same_padding)('same padding %o', (record) => {
    const { size, kernel, stride, dilation, out, before, after } = record;
    const axis = windowAxis(size, kernel, stride, dilation, 'same');
    expect(axis).toMatchObject({ out, before, after });
  });

  type Layer = (x: Array64, weights: Array64[]) => Array64;
  const layers: Readonly<Record<string, Layer>> = {
    'Conv2D 2 filters 3x3 strides 2 same': (x, [w, bias]) =>
      conv.conv2d(x, w!, { strides: 2, padding: 'same', bias: bias! }),
    'Conv2D 2 filters 3x3 dilation 2 same': (x, [w, bias]) =>
      conv.conv2d(x, w!, { dilation: 2, padding: 'same', bias: bias! }),
    'DepthwiseConv2D 3x3 depth_multiplier 2 valid': (x, [w, bias]) =>
      conv.depthwiseConv2d(x, w!, { bias: bias! }),
    'SeparableConv2D 3 filters 3x3 same': (x, [depth, point, bias]) =>
      conv.conv2d(conv.depthwiseConv2d(x, depth!, { padding: 'same' }), point!, { bias: bias! }),
    'Conv2DTranspose 2 filters 3x3 strides 2 same': (x, [w, bias]) =>
      conv.conv2dTranspose(x, w!, { strides: 2, padding: 'same', bias: bias! }),
    'Conv2DTranspose 1 filter 3x3 strides 2 valid': (x, [w, bias]) =>
      conv.conv2dTranspose(x, w!, { strides: 2, bias: bias! }),
    'Dense 3': (x, [w, bias]) => dense(x, w!, { bias: bias! }),
  };

  test.each(Object.entries(fixtures.layers))('%s', (name, { x_shape, x, weights, y }) => {
    const tensors = weights.map(({ shape, v }) => array(shape, v));
    expectClose(layers[name]!(array(x_shape, x), tensors), y);
  });

  const pools = Object.keys(fixtures.pooling).filter((name) => name.includes('k='));
  test.each(pools)('pooling %s', (name) => {
    const [, kind, k, s, padding] = /(\w+) k=(\d) s=(\d) (\w+)/.exec(name)!;
    const x = array(
      [1, 5, 6, 1],
      Array.from({ length: 30 }, (_, i) => i + 1),
    );
    const op = kind === 'max' ? pool.maxPool2d : pool.avgPool2d;
    const y = op(x, {
      poolSize: Number(k),
      strides: Number(s),
      padding: padding as 'same' | 'valid',
    });
    expect(y.shape).toEqual(fixtures.pooling[name]!.shape);
    expectClose(y, fixtures.pooling[name]!.y);
  });

  const sizes = Object.keys(fixtures.resize_bilinear).filter((name) => /^\d+x\d+$/.test(name));
  test.each(sizes)('bilinear resize to %s', (name) => {
    const [height, width] = name.split('x').map(Number) as [number, number];
    const image = fixtures.resize_bilinear['image'] as unknown as number[][];
    const x = array([1, 3, 4, 1], image.flat());
    const options = {
      half_pixel: {},
      legacy: { halfPixelCenters: false },
      align_corners: { alignCorners: true },
    };
    for (const [how, wanted] of Object.entries(fixtures.resize_bilinear[name]!)) {
      const option = { method: 'bilinear', ...options[how as keyof typeof options] } as const;
      expectClose(resize(x, [height, width], option), wanted.flat());
    }
  });

  test('batch normalisation', () => {
    const record = fixtures.batchnorm;
    const vector = (name: string): Array64 => array([2], record[name]!);
    const x = array(record['shape']!, record['x']!);
    const [gamma, beta] = [vector('gamma'), vector('beta')];
    const [mean, variance] = [vector('moving_mean_before'), vector('moving_variance_before')];
    const training = batchNorm(x, gamma, beta);
    expectClose(training.y, record['y_training']!);
    expectClose(batchNormInference(x, gamma, beta, mean, variance), record['y_inference']!);
    const moved = training.variance.data.map((v, i) => 0.99 * variance.data[i]! + 0.01 * v);
    const after = record['moving_variance_after_one_training_call']!;
    expectClose({ shape: [2], data: moved }, after);
  });
});

describe('losses against Keras', () => {
  const matrix = (name: string): Array64 => {
    const rows = fixtures.losses[name] as number[][];
    return array([rows.length, rows[0]!.length], rows.flat());
  };
  const sparse = array([4], fixtures.losses['sparse'] as number[]);
  const smoothing = { labelSmoothing: 0.1 };
  const { softmaxCrossEntropy, categoricalCrossEntropy, binaryCrossEntropy } = losses;
  const [prob, logits, rows] = [matrix('prob'), matrix('logits'), matrix('onehot')];
  const [binary, binaryTrue] = [matrix('bin_prob'), matrix('bin_true')];
  const results: Readonly<Record<string, Array64[]>> = {
    'categorical_crossentropy prob': [
      categoricalCrossEntropy(prob, rows),
      categoricalCrossEntropy(prob, sparse),
    ],
    'categorical_crossentropy prob label_smoothing=0.1': [
      categoricalCrossEntropy(prob, rows, smoothing),
    ],
    'categorical_crossentropy logits': [softmaxCrossEntropy(logits, rows)],
    'categorical_crossentropy logits label_smoothing=0.1': [
      softmaxCrossEntropy(logits, rows, smoothing),
      softmaxCrossEntropy(logits, sparse, smoothing),
    ],
    'sparse_categorical_crossentropy logits': [softmaxCrossEntropy(logits, sparse)],
    'binary_crossentropy prob': [binaryCrossEntropy(binary, binaryTrue)],
    'binary_crossentropy prob label_smoothing=0.2': [
      binaryCrossEntropy(binary, binaryTrue, { labelSmoothing: 0.2 }),
    ],
    'binary_crossentropy logits': [
      binaryCrossEntropy(matrix('bin_logits'), binaryTrue, { fromLogits: true }),
    ],
    mse: [losses.meanSquaredError(prob, rows)],
  };
  test.each(Object.entries(results))('%s', (name, actual) => {
    const { per_sample } = fixtures.losses[name] as { per_sample: number[] };
    for (const loss of actual) expectClose(loss, per_sample);
  });
});
