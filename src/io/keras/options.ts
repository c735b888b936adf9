import { without } from '../../nn/config.js';
import { activationName, camelCase } from './names.js';

/** Collects everything in a file that cannot be used, with its path. */
export class Problems {
  readonly list: string[] = [];

  add(path: string, problem: string): void {
    this.list.push(`${path}: ${problem}`);
  }
}

/** A plain object of a JSON file. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a JSON value is an object with keys. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON value, if it is a text. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/**
 * Options of Keras that change nothing at these values, in every layer, optimizer, loss or metric.
 * Any other value is a problem. Options that are null are not given.
 */
const NEUTRAL: Readonly<Record<string, readonly unknown[]>> = {
  data_format: ['channels_last'],
  synchronized: [false],
  renorm: [false],
  rms_scaling: [false],
  pad_to_aspect_ratio: [false],
  antialias: [false],
  use_ema: [false],
  reduction: ['sum_over_batch_size', 'auto'],
  sparse: [false],
  ragged: [false],
  multi_label: [false],
  optional: [false],
  autocast: [true],
  jit_compile: [true, false],
  run_eagerly: [false],
  steps_per_execution: [1],
  auto_scale_loss: [true, false],
  is_legacy_optimizer: [false],
  decay: [0],
  implementation: [1, 2],
};

/** Options that mean nothing here, whatever they are. */
const IGNORED: ReadonlySet<string> = new Set([
  'fused',
  'renorm_momentum',
  'batch_size',
  'ema_momentum',
  'ema_overwrite_frequency',
  'input_dtype',
  'from_config',
]);

const FLOATS: ReadonlySet<string> = new Set(['float32', 'float16', 'bfloat16', 'float64']);

/**
 * Options as Keras writes them -> as fovea's classes take them. Nested objects become
 * `{ className, config }`. Whether a class knows an option is checked when it is made.
 *
 * @param path for problems
 */
export function optionsOf(
  config: JsonObject,
  path: string,
  problems: Problems,
): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    if (value === null || IGNORED.has(key)) continue;
    if (key === 'dtype') {
      checkDtype(value, path, problems);
    } else if (Object.hasOwn(NEUTRAL, key)) {
      if (NEUTRAL[key]!.includes(value)) continue;
      problems.add(path, `${key} ${JSON.stringify(value)} is not supported`);
    } else {
      const name = key.endsWith('activation') ? 'activation' : camelCase(key);
      options[name] =
        name === 'activation' ? activationOf(value) : valueOf(value, `${path}.${key}`, problems);
    }
  }
  return options;
}

/** 'relu', or an object that names a function. */
function activationOf(value: unknown): unknown {
  if (typeof value === 'string') return activationName(value);
  if (!isObject(value)) return value;
  const { class_name: className, config } = value;
  return activationOf(className === 'function' ? config : className);
}

function valueOf(value: unknown, path: string, problems: Problems): unknown {
  if (Array.isArray(value)) return value.map((each) => valueOf(each, path, problems));
  if (!isObject(value) || typeof value['class_name'] !== 'string') return value;
  const config = isObject(value['config']) ? value['config'] : {};
  if (value['class_name'] === '__tuple__') return value['items'];
  if (value['class_name'] === '__numpy__') return value['config'];
  const options = optionsOf(without(config, 'name'), path, problems);
  return { className: value['class_name'], config: options };
}

/** Weights and results are float32 here; half precision is only a way to compute. */
function checkDtype(value: unknown, path: string, problems: Problems): void {
  const config = isObject(value) && isObject(value['config']) ? value['config'] : {};
  const name = isObject(value) ? config['name'] : value;
  if (typeof name !== 'string' || !FLOATS.has(name.replace('mixed_', ''))) {
    problems.add(path, `dtype ${JSON.stringify(name)} is not supported`);
  }
}
