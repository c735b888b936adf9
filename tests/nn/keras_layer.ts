import { expect } from 'vitest';
import { Problems } from '../../src/io/keras/options.js';
import { readArchitecture } from '../../src/io/keras/read_config.js';
import { layerFromConfig } from '../../src/nn/deserialize.js';
import type { Layer } from '../../src/nn/layer.js';
import type { SequentialConfig } from '../../src/nn/sequential.js';

type Config = Readonly<Record<string, unknown>>;

/** The layer that Keras describes so, made as files are read. */
export function layerOf(className: string, config: Config): Layer {
  const input = { class_name: 'InputLayer', config: { name: 'input', batch_shape: [null, 1] } };
  const layers = [input, { class_name: className, config }];
  const json = { class_name: 'Sequential', config: { name: 'one', layers } };
  const model = readArchitecture(json, { customLayers: {} }, new Problems())!
    .config as SequentialConfig;
  const description = model.layers[1]!;
  return layerFromConfig(description.className, description.config);
}

/** What Keras writes though it says nothing about the layer, or what is not supported otherwise. */
const ABSENT: ReadonlySet<string> = new Set([
  ...['dtype', 'data_format', 'synchronized', 'rms_scaling', 'lora_rank'],
  ...['pad_to_aspect_ratio', 'antialias'],
]);

/** Keys that only some classes ignore. */
const UNUSED: Readonly<Record<string, readonly string[]>> = {
  DepthwiseConv2D: ['groups', 'filters', 'kernel_initializer'],
  SeparableConv2D: ['groups', 'kernel_initializer'],
  Conv2DTranspose: ['groups'],
  Resizing: ['fill_mode', 'fill_value'],
  BatchNormalization: ['renorm', 'renorm_momentum'],
};

/** Expects the options that Keras has, except those that are null and left out. */
export function expectConfig(className: string, written: Config, keras: Config): void {
  const unused = UNUSED[className] ?? [];
  const wanted = Object.entries(keras).filter(
    ([key, value]) =>
      !ABSENT.has(key) && !unused.includes(key) && (value !== null || written[key] !== undefined),
  );
  // Some classes leave it out.
  const all = { trainable: true, ...Object.fromEntries(wanted) };
  expect(plain(written), className).toEqual(plain(all));
}

/** Without what only says where classes come from. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(
    ([key, each]) => !['module', 'registered_name'].includes(key) && each !== null,
  );
  return Object.fromEntries(entries.map(([key, each]) => [key, plain(each)]));
}
