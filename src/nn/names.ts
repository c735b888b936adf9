import { FoveaError } from '../errors.js';
import type { Layer } from './layer.js';

/** Gives every layer without a name one that is free: conv2d, conv2d_1, ... */
export function nameLayers(layers: readonly Layer[]): void {
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
