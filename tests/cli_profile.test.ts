/** The command `fovea profile`. */
import { expect, it } from 'vitest';
import { fovea } from './cli_harness.js';

interface Profile {
  readonly milliseconds: number;
  readonly layers: readonly {
    readonly layer: string;
    readonly kernels: readonly string[];
    readonly milliseconds: number;
    readonly gflopsPerSecond: number | null;
    readonly share: number;
  }[];
}

it('times a prediction layer by layer', async () => {
  const { code, stdout } = await fovea(['profile', 'cifar10', '--runs', '2', '--json']);
  expect(code).toBe(0);
  const { layers, milliseconds } = JSON.parse(stdout) as Profile;
  expect(layers.map(({ layer }) => layer)).toEqual([
    ...['conv2d', 'conv2d_1', 'max_pooling2d', 'conv2d_2', 'conv2d_3', 'max_pooling2d_1'],
    ...['conv2d_4', 'conv2d_5', 'max_pooling2d_2', 'dense', 'dense_1'],
  ]);
  expect(layers.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  expect(layers.reduce((sum, layer) => sum + layer.milliseconds, 0)).toBeCloseTo(milliseconds, 9);
  expect(layers[2]).toMatchObject({ kernels: ['pool'], gflopsPerSecond: null });
  // 32 x 32 places, 9 x 32 x 32 products, two operations each.
  const operations = 2 * 1024 * 9 * 32 * 32;
  const { gflopsPerSecond, milliseconds: own } = layers[1]!;
  expect(gflopsPerSecond! * own * 1e6).toBeCloseTo(operations, -1);
});

it('joins what runs as one, and names networks there are', async () => {
  const { stdout } = await fovea(['profile', 'efficientnetlite0', '--runs', '1', '--top', '3']);
  const lines = stdout.trim().split('\n');
  expect(lines).toHaveLength(1 + 3 + 2);
  expect(lines[1]).toMatch(/^\w+_(conv|dwconv|excite|expand_conv|project_conv)\w*( \+ \w+)+ +\d/);
  expect(lines.at(-1)).toMatch(/ms on the GPU; the first call took [\d.]+ s, with compiling$/);
  const unknown = await fovea(['profile', 'resnet5']);
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain("there is no network 'resnet5'");
});
