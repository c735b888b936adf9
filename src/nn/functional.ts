import { FoveaError } from '../errors.js';
import type { Shape } from '../shape.js';
import { Graph, type SymbolicTensor } from './graph.js';
import { Layer, type LayerConfig } from './layer.js';
import { InputLayer, type InputOptions } from './layers/core.js';
import { Model, type ModelOptions } from './model.js';
import { nameLayers } from './names.js';
import { withShapes } from './open_shapes.js';
import { deriveSeed, randomSeed, STREAM } from './seeds.js';

/** Options of `model`. */
export interface FunctionalOptions extends ModelOptions {
  readonly inputs: SymbolicTensor | readonly SymbolicTensor[];
  readonly outputs: SymbolicTensor | readonly SymbolicTensor[];
}

/** A result of a layer: name of the layer, which of its uses, which of its results. */
export type Place = readonly [layer: string, use: number, result: number];

/** What a `Functional` is made from again. */
export interface FunctionalConfig extends LayerConfig {
  readonly name: string;
  /** Default: another one each time. */
  readonly seed?: number;
  readonly layers: readonly {
    readonly className: string;
    readonly config: LayerConfig;
    /** The inputs of each use. */
    readonly uses: readonly (readonly Place[])[];
    /** The shapes of the results of each use, of one sample. */
    readonly shapes?: readonly (readonly Shape[])[];
  }[];
  readonly inputs: readonly Place[];
  readonly outputs: readonly Place[];
}

/**
 * A tensor that is not computed yet: the input of a network of layers.
 *
 * @param options `shape` of one sample, and a name
 */
export function input(options: InputOptions): SymbolicTensor {
  return new InputLayer(options).apply([]);
}

/**
 * A network from any graph of layers: several inputs and outputs, branches, shared layers, models
 * inside. Layers are connected by `layer.apply(tensor)`, from `input({ shape })` on.
 *
 * @throws FoveaError ARGUMENT when the outputs need an input that is not listed, or two layers have
 *   one name
 */
export function model(options: FunctionalOptions): Functional {
  return new Functional(options);
}

/**
 * The part of a model that computes the result of one layer: to look inside, or to build on.
 *
 * @throws FoveaError ARGUMENT when there is no such layer
 */
export function layerModel(whole: Model, layerName: string): Functional {
  const outputs = whole.graph.resultOf(whole.getLayer(layerName));
  return new Functional({ inputs: whole.inputs, outputs, name: `${whole.name}_${layerName}` });
}

/** See `model`. */
export class Functional extends Model {
  override get className(): string {
    return 'Functional';
  }
  override readonly graph: Graph;
  override readonly seed: number;

  constructor({ inputs, outputs, seed, initialize = true, ...options }: FunctionalOptions) {
    super(options);
    this.seed = seed ?? randomSeed();
    this.graph = new Graph(listOf(inputs), listOf(outputs));
    nameLayers(this.graph.layers);
    let weight = 0;
    const nextSeed = (): number => deriveSeed(this.seed, STREAM.weights, weight++);
    for (const { layer, inputs: from } of this.graph.calls) {
      const shapes = from.map(({ shape }) => shape);
      layer.build(shapes, initialize ? nextSeed : undefined);
    }
  }

  override get layers(): readonly Layer[] {
    return this.graph.layers;
  }

  override get isBuilt(): boolean {
    return true;
  }

  override ensureBuilt(): void {
    // The input shapes are those of the graph.
  }

  /** Name, seed, layers and connections as plain values; see `functionalFromConfig`. */
  override getConfig(): FunctionalConfig {
    const { graph } = this;
    const place = ({ source, index, name }: SymbolicTensor): Place => [
      name,
      graph.usesOf(source.layer).indexOf(source),
      index,
    ];
    return {
      name: this.name,
      trainable: this.trainable,
      seed: this.seed,
      layers: graph.layers.map((layer) => ({
        className: layer.className,
        config: layer.getConfig(),
        uses: graph.usesOf(layer).map(({ inputs }) => inputs.map(place)),
        shapes: graph.usesOf(layer).map(({ outputs }) => outputs.map(({ shape }) => shape)),
      })),
      inputs: graph.inputs.map(place),
      outputs: graph.outputs.map(place),
    };
  }
}

/**
 * The model that `getConfig()` described, with weights of zero. Layers that lead to no output are
 * left out.
 *
 * @param makeLayer of a class and its configuration
 * @throws FoveaError ARGUMENT when the connections lead nowhere or in a circle
 */
export function functionalFromConfig(
  { layers, inputs, outputs, name, seed }: FunctionalConfig,
  makeLayer: (className: string, config: LayerConfig) => Layer,
): Functional {
  const made = layers.map((description) => ({
    ...description,
    layer: undefined as Layer | undefined,
    results: [] as (readonly SymbolicTensor[])[],
  }));
  const byName = new Map(made.map((each) => [each.config['name'], each]));
  const find = ([layer, use, result]: Place): SymbolicTensor | undefined =>
    byName.get(layer)?.results[use]?.[result];
  // A use can be repeated only after those it depends on; each round does at least one.
  let open = made.filter(({ results, uses }) => results.length < uses.length);
  while (open.length > 0) {
    let done = 0;
    for (const each of open) {
      const { uses, results } = each;
      while (results.length < uses.length) {
        const from = uses[results.length]!.map(find);
        if (from.includes(undefined)) break;
        const inputs = from as SymbolicTensor[];
        each.layer ??= makeLayer(each.className, withShapes(each, inputs));
        results.push(each.layer.applyAll(inputs));
        done++;
      }
    }
    if (done === 0) throw unconnected(name, open[0]!.config);
    open = open.filter(({ results, uses }) => results.length < uses.length);
  }
  const ends = (places: readonly Place[]): SymbolicTensor[] =>
    places.map((place) => {
      const found = find(place);
      if (found) return found;
      throw new FoveaError('ARGUMENT', `${name}: there is no result ${JSON.stringify(place)}`);
    });
  const ready = { inputs: ends(inputs), outputs: ends(outputs) };
  const whole = new Functional({ ...ready, name, seed, initialize: false });
  for (const { layer } of made) if (layer && !whole.layers.includes(layer)) layer.dispose();
  return whole;
}

function unconnected(name: string, layer: LayerConfig): FoveaError {
  return new FoveaError(
    'ARGUMENT',
    `${name}: the inputs of layer '${String(layer['name'])}' come from no layer, or from itself`,
  );
}

function listOf(tensors: SymbolicTensor | readonly SymbolicTensor[]): readonly SymbolicTensor[] {
  return tensors instanceof Array ? tensors : [tensors];
}
