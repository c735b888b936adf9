import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryInfo, shutdown } from '../../src/gpu/init.js';
import * as applications from '../../src/models/applications.js';
import type { Functional } from '../../src/nn/functional.js';
import { assign } from '../../src/nn/update.js';
import { mean, softmaxCrossEntropy } from '../../src/ops/index.js';
import { scope } from '../../src/scope.js';
import { tensor, type Tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';
import { numbersOf, setWeights, uniform } from './rule.js';

beforeAll(openGpu);
afterAll(shutdown);

/** What make_application_steps.py wrote, for one network. */
interface Step {
  readonly size: number;
  readonly batch: number;
  readonly gain: number;
  readonly classes: number;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  /** By how much those of Keras's own float32 differ, measured as below. */
  readonly rounding: Readonly<Record<string, number>>;
  readonly moving: Readonly<Record<string, readonly number[]>>;
}

const file = new URL('../fixtures/application_steps.json', import.meta.url);
const steps = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Step>;

/**
 * Numbers of a tensor agree, measured by the root of its mean square. VGG-16 has no batch normalization that
 * keeps its ReLUs away from 0; how far Keras's float32 is off there depends on how many of them change
 * sides, and Winograd's rounding, some five times larger, changes more.
 */
async function check(
  name: string,
  value: Tensor,
  expected: readonly number[],
  least: number,
  rounding = 0,
): Promise<void> {
  const numbers = numbersOf(await value.data());
  const allowed = Math.max(least, 16 * rounding) * expected[1]!;
  numbers.forEach((number, i) => {
    const error = Math.abs(number - expected[i]!);
    expect(error, `${name}, number ${i}: ${number}, Keras ${expected[i]!}`).toBeLessThan(allowed);
  });
}

/**
 * In InceptionV3 the two largest values of one window of a max pooling (of 588,032) lie 4e-6 apart in float64, and
 * float32 takes the other one. Gradients before it, these two, move by a hundredth.
 */
const BEFORE_THAT_WINDOW = ['conv2d/kernel', 'conv2d_15/kernel'];

function lossOf(network: Functional, { size, batch, classes }: Step): Tensor {
  const x = uniform(batch * size * size * 3, 999_983, (u) => u);
  const y = Int32Array.from({ length: batch }, (_, i) => (i * 7) % classes);
  return scope(() => {
    const logits = network.call(tensor(x, [batch, size, size, 3]), {
      ...{ training: true, logits: true },
    });
    return mean(softmaxCrossEntropy(logits, tensor(y)));
  });
}

describe('a training step', () => {
  it.each(['vgg16', 'resNet50', 'inceptionV3'] as const)(
    'of %s has the loss and the gradients of Keras',
    { timeout: 300_000 },
    async (name) => {
      const step = steps[name]!;
      const { size, classes, gain } = step;
      const network = await applications[name]({
        ...{ inputShape: [size, size, 3], classes, initialize: false },
      });
      setWeights(network, gain);
      for (const { name: path, value } of network.weights) {
        if (!path.endsWith('/beta')) continue;
        assign(
          value,
          Float32Array.from(await value.data(), (beta, i) => beta + (i % 2 === 0 ? 5 : -5)),
        );
      }
      const loss = lossOf(network, step);
      loss.backward();
      expect(Math.abs((await loss.item()) / step.loss - 1)).toBeLessThan(1e-4);
      const weights = new Map(network.weights.map((weight) => [weight.name, weight.value]));
      for (const [path, expected] of Object.entries(step.gradients)) {
        const { grad } = weights.get(path)!;
        const least = BEFORE_THAT_WINDOW.includes(path) ? 2e-2 : 3e-4;
        await check(`gradient of ${path}`, grad!, expected, least, step.rounding[path]);
      }
      for (const [path, expected] of Object.entries(step.moving)) {
        await check(path, weights.get(path)!, expected, 3e-4);
      }
      for (const { grad } of weights.values()) grad?.dispose();
      loss.dispose();
      network.dispose();
      expect(memoryInfo().liveStorages).toBe(0);
    },
  );
});
