import type { Shape } from '../shape.js';
import type { Place } from './functional.js';
import type { SymbolicTensor } from './graph.js';
import type { LayerConfig } from './layer.js';

/** A layer as the configuration of a model lists it. */
interface Described {
  readonly className: string;
  readonly config: LayerConfig;
}

/**
 * The configuration of a layer that is used on `inputs`. A model inside of another one may leave the
 * shapes of its inputs open: they become those of `inputs`.
 */
export function withShapes(
  { className, config }: Described,
  inputs: readonly SymbolicTensor[],
): LayerConfig {
  if (className !== 'Functional' && className !== 'Sequential') return config;
  const places = className === 'Functional' ? (config['inputs'] as readonly Place[]) : undefined;
  const shapeOf = (input: unknown): Shape | undefined =>
    inputs[places ? places.findIndex(([layer]) => layer === input) : 0]?.shape;
  const layers = (config['layers'] as readonly Described[]).map((layer) => {
    const { name, shape } = layer.config;
    if (layer.className !== 'InputLayer' || shape !== undefined) return layer;
    return { ...layer, config: { ...layer.config, shape: shapeOf(name) } };
  });
  return { ...config, layers };
}
