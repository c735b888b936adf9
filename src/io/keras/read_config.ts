import { FoveaError } from '../../errors.js';
import { classOf, type CustomLayers } from '../../nn/deserialize.js';
import { without } from '../../nn/config.js';
import type { LayerConfig } from '../../nn/layer.js';
import type { Shape } from '../../shape.js';
import { placesOf, usesOf } from './graph.js';
import { isObject, optionsOf, textOf, type JsonObject, type Problems } from './options.js';

/** A layer or model, ready for `layerFromConfig`. */
export interface LayerDescription {
  readonly className: string;
  readonly config: LayerConfig;
}

/** What reading needs to know beside the file. */
export interface ConfigContext {
  readonly customLayers: CustomLayers;
  /** Of one sample, where the file leaves sizes open: see `LoadOptions`. */
  readonly inputShapes?: readonly Shape[] | Readonly<Record<string, Shape>> | undefined;
  /** Of the Keras that wrote the file. Default: Keras 3. */
  readonly version?: string | undefined;
}

/**
 * The architecture in Keras's JSON (of Keras 2, Keras 3 and TensorFlow.js) -> fovea's.
 *
 * @param problems takes every layer and option that is not known, with its path; without problems
 *   there is a result
 */
export function readArchitecture(
  json: unknown,
  context: ConfigContext,
  problems: Problems,
): LayerDescription | undefined {
  const shapeOf = openShapes(json, context.inputShapes ?? {});
  const reader = new ArchitectureReader(context, shapeOf, problems);
  const description = isObject(json) ? reader.layer(json, '') : undefined;
  if (!description || !MODELS.has(description.className)) {
    problems.add('model', 'expected a Sequential or Functional model');
  }
  return description;
}

/** The shape that was given for an input. */
function openShapes(
  json: unknown,
  given: readonly Shape[] | Readonly<Record<string, Shape>>,
): (input: string) => Shape | undefined {
  const shapes: readonly Shape[] = Object.values(given);
  if (shapes.length < 2) return () => shapes[0];
  const config = isObject(json) && isObject(json['config']) ? json['config'] : {};
  const inputs = placesOf(config['input_layers'], () => false).map(([name]) => name);
  const names = Array.isArray(given) ? inputs : Object.keys(given);
  return (input) => shapes[names.indexOf(input)];
}

/** Throws FILE when there are problems. */
export function throwProblems({ list }: Problems): void {
  if (list.length === 0) return;
  const [shown, more] = [list.slice(0, 30), list.length - 30];
  throw new FoveaError(
    'FILE',
    `the model cannot be used here:\n  ${shown.join('\n  ')}${more > 0 ? `\n  and ${more} more` : ''}`,
    { hint: 'Layers of your own are passed as customLayers: { ClassName: Class }.' },
  );
}

const MODELS: ReadonlySet<string> = new Set(['Sequential', 'Functional']);
/** Names of model classes in other versions of Keras. */
const MODEL_NAMES: Readonly<Record<string, string>> = { Model: 'Functional' };
/** Where the classes that are known here come from; operations on tensors have other modules. */
const MODULES =
  /^(keras(\.src)?|tf_keras|tensorflow\.keras|tensorflow\.python\.keras)\.(layers|models|engine)|^builtins$/;

/** Options of any layer of Keras 2 that begins a model; and its name. */
const SHAPES = ['name', 'batch_input_shape', 'batch_shape'];

class ArchitectureReader {
  /** How many models the one that is read lies in. */
  private depth = -1;

  constructor(
    private readonly context: ConfigContext,
    private readonly openShape: (input: string) => Shape | undefined,
    private readonly problems: Problems,
  ) {}

  /** One entry of a list of layers. */
  layer(json: JsonObject, path: string): LayerDescription | undefined {
    const name = nameOf(json);
    const where = path === '' ? name : `${path}/${name}`;
    const given = String(json['class_name']);
    const className = MODEL_NAMES[given] ?? given;
    const config = isObject(json['config']) ? json['config'] : {};
    if (className === 'Sequential') return this.inside(() => this.sequential(json, config, where));
    if (className === 'Functional') return this.inside(() => this.functional(config, where));
    if (className === 'InputLayer') return this.input(config, name, where);
    const module = json['module'];
    const { customLayers, version = '3' } = this.context;
    const Class = classOf(className, customLayers);
    const isForeign = typeof module === 'string' && !MODULES.test(module);
    if (!Class || (isForeign && !Object.hasOwn(customLayers, className))) {
      this.problems.add(where, `there is no layer ${isForeign ? `${module}.` : ''}${given}`);
      return undefined;
    }
    const stated = optionsOf(without(config, ...SHAPES), where, this.problems);
    // The hard_sigmoid of Keras 2 has another slope.
    const isSteep = stated['activation'] === 'hardSigmoid' && version < '3';
    const options = adapt(className, isSteep ? { ...stated, activation: 'hardSigmoid2' } : stated);
    this.check(Class, options, where);
    return { className, config: { ...options, name } };
  }

  private inside<T>(read: () => T): T {
    this.depth++;
    try {
      return read();
    } finally {
      this.depth--;
    }
  }

  /** Whether a layer takes such options. */
  private check(
    Class: NonNullable<ReturnType<typeof classOf>>,
    options: JsonObject,
    where: string,
  ): void {
    try {
      new Class(options as never).dispose();
    } catch (error) {
      // A value of another type than the class can handle.
      const isKnown = error instanceof FoveaError;
      const { message } = error as Error;
      this.problems.add(where, isKnown ? message : `it does not take these options: ${message}`);
    }
  }

  private sequential(json: JsonObject, config: JsonObject, path: string): LayerDescription {
    const entries = listOf(config['layers'] ?? json['config']);
    const layers = entries.flatMap((entry) => this.layer(entry, path) ?? []);
    if (layers[0]?.className !== 'InputLayer') {
      const first = isObject(entries[0]?.['config']) ? entries[0]['config'] : {};
      const built = isObject(json['build_config'])
        ? json['build_config']['input_shape']
        : undefined;
      const shape = first['batch_input_shape'] ?? config['build_input_shape'] ?? built;
      const input = this.input({ batch_shape: shape }, 'input_layer', path);
      if (input) layers.unshift(input);
    }
    const { trainable = true } = config;
    return {
      className: 'Sequential',
      config: { name: nameOf(json), layers, trainable },
    };
  }

  private functional(config: JsonObject, path: string): LayerDescription {
    const entries = listOf(config['layers']);
    const classes = new Map(entries.map((entry) => [nameOf(entry), String(entry['class_name'])]));
    const isFunctional = (layer: string): boolean =>
      ['Functional', 'Model'].includes(classes.get(layer) ?? '');
    const isModel = (layer: string): boolean =>
      isFunctional(layer) || classes.get(layer) === 'Sequential';
    const layers = entries.flatMap((entry) => {
      const layer = this.layer(entry, path);
      if (!layer) return [];
      const where = `${path}/${nameOf(entry)}`;
      const uses = usesOf(entry['inbound_nodes'], where, isModel, this.problems);
      return [{ ...layer, uses: layer.className === 'InputLayer' ? [[]] : uses }];
    });
    const { trainable = true } = config;
    const functional = {
      name: textOf(config['name']) ?? 'functional',
      layers,
      trainable,
      inputs: placesOf(config['input_layers'], isFunctional),
      outputs: placesOf(config['output_layers'], isFunctional),
    };
    return { className: 'Functional', config: functional };
  }

  private input(config: JsonObject, name: string, path: string): LayerDescription | undefined {
    const batch = config['batch_shape'] ?? config['batch_input_shape'] ?? config['shape'];
    const sizes: readonly unknown[] = Array.isArray(batch)
      ? 'shape' in config && !('batch_shape' in config)
        ? batch
        : batch.slice(1)
      : [null];
    const isKnown = sizes.every((n) => Number.isInteger(n) && (n as number) > 0);
    // The inputs of a model inside of another one get their shapes where it is used.
    if (!isKnown && this.depth > 0) {
      return { className: 'InputLayer', config: { name, anySize: true } };
    }
    const shape = isKnown ? (sizes as Shape) : this.openShape(name);
    if (!shape) {
      this.problems.add(
        path,
        `the input shape ${JSON.stringify(batch ?? null)} is open: pass inputShapes`,
      );
      return undefined;
    }
    return { className: 'InputLayer', config: { name, shape } };
  }
}

function nameOf(json: JsonObject): string {
  const config = isObject(json['config']) ? json['config'] : {};
  return textOf(json['name']) ?? textOf(config['name']) ?? String(json['class_name']).toLowerCase();
}

function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** What Keras 2 calls otherwise, or writes though the layer does not use it. */
function adapt(className: string, options: JsonObject): JsonObject {
  switch (className) {
    case 'LeakyReLU': {
      const { alpha, ...rest } = options;
      return alpha === undefined ? options : { ...rest, negativeSlope: alpha };
    }
    case 'DepthwiseConv2D':
    case 'SeparableConv2D': {
      const unused = ['kernelInitializer', 'kernelRegularizer', 'kernelConstraint'];
      return withoutGroups(without(options, ...unused));
    }
    case 'Conv2DTranspose':
      return withoutGroups(options);
    case 'Resizing':
      // They matter only when pictures are padded to an aspect ratio, which is refused.
      return without(options, 'fillMode', 'fillValue');
    default:
      return options;
  }
}

function withoutGroups(options: JsonObject): JsonObject {
  return options['groups'] === 1 ? without(options, 'groups') : options;
}
