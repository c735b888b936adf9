import { FoveaError } from '../errors.js';
import { functionalFromConfig, type FunctionalConfig } from './functional.js';
import { layerClasses } from './layers/index.js';
import type { Layer, LayerConfig } from './layer.js';
import { sequentialFromConfig, type SequentialConfig } from './sequential.js';

/** Layers of one's own, under their class names. */
export type CustomLayers = Readonly<Record<string, new (config: never) => Layer>>;

/**
 * The layer (or model) of a class with what its `getConfig()` returned.
 *
 * @throws FoveaError ARGUMENT when there is no such class, or it does not take such a configuration
 */
export function layerFromConfig(
  className: string,
  config: LayerConfig,
  custom: CustomLayers = {},
): Layer {
  const made: Layer[] = [];
  const make = (name: string, inner: LayerConfig): Layer => {
    const layer = layerFromConfig(name, inner, custom);
    made.push(layer);
    return layer;
  };
  try {
    if (className === 'Sequential') return sequentialFromConfig(config as SequentialConfig, make);
    if (className === 'Functional') return functionalFromConfig(config as FunctionalConfig, make);
  } catch (error) {
    for (const layer of made) layer.dispose();
    throw error;
  }
  const Class = classOf(className, custom);
  if (Class) return new Class(config as never);
  const known = [...Object.keys(layerClasses), ...Object.keys(custom)];
  throw new FoveaError('ARGUMENT', `there is no layer class '${className}'`, {
    hint: `Known are ${known.join(', ')}; others are passed as customLayers.`,
  });
}

/** The class of that name; undefined where there is none. */
export function classOf(
  className: string,
  custom: CustomLayers,
): (new (config: never) => Layer) | undefined {
  if (Object.hasOwn(custom, className)) return custom[className];
  const known: CustomLayers = layerClasses;
  return Object.hasOwn(known, className) ? known[className] : undefined;
}
