import { FoveaError } from '../errors.js';
import type { Shape } from '../shape.js';
import { Graph, type SymbolicTensor } from './graph.js';
import type { Layer, LayerConfig } from './layer.js';
import { InputLayer } from './layers/core.js';
import { Model, type ModelOptions } from './model.js';
import { nameLayers } from './names.js';
import { withShapes } from './open_shapes.js';
import { deriveSeed, randomSeed, STREAM } from './seeds.js';

/** Options of `sequential`. */
export type SequentialOptions = ModelOptions;

/** What a `Sequential` is made from again. */
export interface SequentialConfig extends LayerConfig {
  readonly name: string;
  /** Default: another one each time. */
  readonly seed?: number;
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

/**
 * The model that `getConfig()` described, with weights of zero.
 *
 * @param makeLayer of a class and its configuration
 */
export function sequentialFromConfig(
  { name, seed, layers }: SequentialConfig,
  makeLayer: (className: string, config: LayerConfig) => Layer,
): Sequential {
  let x: readonly SymbolicTensor[] = [];
  const made = layers.map((description) => {
    const layer = makeLayer(description.className, withShapes(description, x));
    x = layer.applyAll(x);
    return layer;
  });
  return new Sequential(made, { name, seed, initialize: false });
}

/** See `sequential`. */
export class Sequential extends Model {
  override get className(): string {
    return 'Sequential';
  }
  override readonly seed: number;
  /** Without the input. */
  override readonly layers: readonly Layer[];
  private readonly initialize: boolean;
  private readonly inputLayer: InputLayer | undefined;
  private builtGraph: Graph | undefined;

  constructor(layers: readonly Layer[], { seed, initialize, ...options }: SequentialOptions = {}) {
    super(options);
    this.initialize = initialize ?? true;
    this.seed = seed ?? randomSeed();
    const [first] = layers;
    this.inputLayer = first instanceof InputLayer ? first : undefined;
    this.layers = this.inputLayer ? layers.slice(1) : [...layers];
    this.checkLayers();
    nameLayers(this.layers);
    if (this.inputLayer) this.ensureBuilt(this.inputLayer.shape);
  }

  override get isBuilt(): boolean {
    return this.builtGraph !== undefined;
  }

  override get graph(): Graph {
    if (this.builtGraph) return this.builtGraph;
    throw new FoveaError(
      'ARGUMENT',
      `${this.name}: the model is not built, its shapes are unknown`,
      {
        hint: 'Begin it with layers.input({ shape }), or call build([inputShape]).',
      },
    );
  }

  override ensureBuilt(sampleShape: Shape): void {
    if (this.builtGraph) return;
    const layer = this.inputLayer ?? new InputLayer({ shape: sampleShape });
    const start = layer.apply([]);
    // All shapes are checked before the first weight is made.
    const end = this.layers.reduce<SymbolicTensor>((x, next) => next.apply(x), start);
    const graph = new Graph([start], [end]);
    let weight = 0;
    const nextSeed = (): number => deriveSeed(this.seed, STREAM.weights, weight++);
    for (const call of graph.calls) {
      const shapes = call.inputs.map(({ shape }) => shape);
      call.layer.build(shapes, this.initialize ? nextSeed : undefined);
    }
    this.builtGraph = graph;
  }

  /** Name, seed and layers as plain values; see `sequentialFromConfig`. The model must be built. */
  override getConfig(): SequentialConfig {
    const layers = [this.inputs[0]!.source.layer, ...this.layers].map((layer) => ({
      className: layer.className,
      config: layer.getConfig(),
    }));
    return { name: this.name, trainable: this.trainable, seed: this.seed, layers };
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
