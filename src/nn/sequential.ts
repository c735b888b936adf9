import { noGrad } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { scope } from '../scope.js';
import type { Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import type { CallOptions, Layer, LayerConfig } from './layer.js';
import { InputLayer } from './layers/core.js';
import { layerFromConfig } from './layers/index.js';
import { Model } from './model.js';
import { deriveSeed, randomSeed, STREAM } from './seeds.js';

/** Options of `sequential`. */
export interface SequentialOptions {
  /** Default 'sequential'. */
  readonly name?: string;
  /** An integer from 0: of the weights, dropout and shuffling. Default: another one each time. */
  readonly seed?: number;
  /** Whether weights get initial values; false leaves them zero, to be loaded. Default true. */
  readonly initialize?: boolean;
}

/** What a `Sequential` is made from again. */
export interface SequentialConfig {
  readonly name: string;
  readonly seed: number;
  /** The input layer first. */
  readonly layers: readonly { readonly className: string; readonly config: LayerConfig }[];
}

/**
 * A chain of layers. Begins with `layers.input({ shape })`; without it, the weights are made when
 * the first data come.
 *
 * @throws FoveaError ARGUMENT for no layers or two of one name, SHAPE when a layer cannot follow
 *   the one before it
 */
export function sequential(layers: readonly Layer[], options: SequentialOptions = {}): Sequential {
  return new Sequential(layers, options);
}

/** The model that `getConfig()` described, with weights of zero. */
export function sequentialFromConfig({ name, seed, layers }: SequentialConfig): Sequential {
  const made = layers.map(({ className, config }) => layerFromConfig(className, config));
  return new Sequential(made, { name, seed, initialize: false });
}

/** See `sequential`. */
export class Sequential extends Model {
  override readonly name: string;
  override readonly seed: number;
  override readonly layers: readonly Layer[];
  private readonly initialize: boolean;
  private readonly input: InputLayer | undefined;
  private shapes: { readonly input: Shape; readonly output: Shape } | undefined;

  constructor(layers: readonly Layer[], { name, seed, initialize }: SequentialOptions = {}) {
    super();
    this.initialize = initialize ?? true;
    this.name = name ?? 'sequential';
    this.seed = seed ?? randomSeed();
    const [first] = layers;
    this.input = first instanceof InputLayer ? first : undefined;
    this.layers = this.input ? layers.slice(1) : [...layers];
    this.checkLayers();
    nameLayers(this.layers);
    if (this.input) this.build(this.input.shape);
  }

  override get isBuilt(): boolean {
    return this.shapes !== undefined;
  }

  override get inputShape(): Shape {
    return this.built().input;
  }

  override get outputShape(): Shape {
    return this.built().output;
  }

  override get activationName(): string {
    return this.layers.at(-1)!.activationName;
  }

  override build(inputShape: Shape): void {
    if (this.shapes) return;
    // All shapes are checked before the first weight is made.
    const output = this.layers.reduce((shape, layer) => layer.outputShape(shape), inputShape);
    let weight = 0;
    const nextSeed = (): number => deriveSeed(this.seed, STREAM.weights, weight++);
    let shape = inputShape;
    for (const layer of this.layers) {
      layer.build(shape, this.initialize ? nextSeed : undefined);
      shape = layer.outputShape(shape);
    }
    this.shapes = { input: inputShape, output };
  }

  override call(x: Tensor, options: CallOptions = {}): Tensor {
    return this.run(x, this.layers.length, options);
  }

  /** Name, seed and layers as plain values; see `sequentialFromConfig`. The model must be built. */
  getConfig(): SequentialConfig {
    const input = this.input ?? new InputLayer({ shape: this.inputShape });
    const layers = [input, ...this.layers].map((layer) => ({
      className: layer.className,
      config: layer.getConfig(),
    }));
    return { name: this.name, seed: this.seed, layers };
  }

  override outputsOf(x: Tensor, layerName: string): Tensor {
    const end = this.layers.indexOf(this.getLayer(layerName)) + 1;
    return scope(() => noGrad(() => this.run(x, end, {})));
  }

  /** Runs the first `end` layers. Each draws from a stream of its own. */
  private run(x: Tensor, end: number, { training = false, seed = 0, logits }: CallOptions): Tensor {
    this.ensureBuilt(x.shape);
    const last = this.layers.length - 1;
    return this.layers.slice(0, end).reduce((y, layer, i) => {
      const options = training ? { training, seed: deriveSeed(seed, i) } : {};
      return layer.call(y, logits && i === last ? { ...options, logits } : options);
    }, x);
  }

  private built(): { readonly input: Shape; readonly output: Shape } {
    if (this.shapes) return this.shapes;
    throw new FoveaError(
      'ARGUMENT',
      `${this.name}: the model is not built, its shapes are unknown`,
      {
        hint: 'Begin it with layers.input({ shape }), or call build(inputShape).',
      },
    );
  }

  private checkLayers(): void {
    if (this.layers.length === 0) {
      throw new FoveaError('ARGUMENT', `${this.name}: needs at least one layer after the input`);
    }
    if (this.layers.some((layer) => layer instanceof InputLayer)) {
      throw new FoveaError('ARGUMENT', `${this.name}: an input layer can only come first`);
    }
    if (new Set(this.layers).size !== this.layers.length) {
      throw new FoveaError('ARGUMENT', `${this.name}: the same layer is in the list twice`);
    }
  }
}

/** Gives every layer without a name one that is free: conv2d, conv2d_1, ... */
function nameLayers(layers: readonly Layer[]): void {
  const taken = new Set<string>();
  for (const { name, isNamed } of layers) {
    if (!isNamed) continue;
    if (taken.has(name)) {
      throw new FoveaError('ARGUMENT', `two layers have the name '${name}'`, {
        hint: 'Names are unique in a model: weights are saved under them.',
      });
    }
    taken.add(name);
  }
  for (const layer of layers) {
    if (layer.isNamed) continue;
    const type = layer.name;
    let name = type;
    for (let i = 1; taken.has(name); i++) name = `${type}_${i}`;
    layer.name = name;
    taken.add(name);
  }
}
