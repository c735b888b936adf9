import { expect, it } from 'vitest';
import { defaultDevice } from '../../src/gpu/init.js';
import { dropout, ones } from '../../src/ops/index.js';
import { elementwiseFamilies } from '../cases/elementwise.js';
import { testFamilies } from '../harness.js';
import { randomUniform } from '../reference/random.js';

testFamilies(elementwiseFamilies.filter(({ op }) => op === 'dropout' || op === 'gaussianNoise'));

it.each([
  [0.3, 0],
  [0.1, 2 ** 53 - 1],
  [1 - 2 ** -24, 99],
])('drops exactly the elements the CPU drops: rate %d seed %d', async (rate, seed) => {
  const x = ones([40_001]);
  const y = dropout(x, { rate, seed });
  const kept = Array.from(await y.data(), (v) => v !== 0);
  expect(kept).toEqual(kept.map((_, e) => randomUniform(seed, e) >= rate));
  for (const t of [x, y]) t.dispose();
});

it('drops the same elements when it works in windows', async () => {
  const device = defaultDevice();
  const limit = device.bindingLimit;
  const x = ones([3000]);
  const whole = dropout(x, { rate: 0.5, seed: 3 });
  device.bindingLimit = 1024;
  const windowed = dropout(x, { rate: 0.5, seed: 3 });
  device.bindingLimit = limit;
  expect(await windowed.data()).toEqual(await whole.data());
  for (const t of [x, whole, windowed]) t.dispose();
});
