import type { Place } from '../../nn/functional.js';
import { isObject, type JsonObject, type Problems } from './options.js';

/** One use of a layer in Keras's JSON: the inputs, as Keras counts them. */
export type Uses = readonly (readonly Place[])[];

/**
 * The inputs of each use of a layer, from `inbound_nodes`.
 *
 * @param isModel whether a layer is a model. Keras 2 counts its uses from 1
 */
export function usesOf(
  nodes: unknown,
  path: string,
  isModel: (layer: string) => boolean,
  problems: Problems,
): Uses {
  if (!Array.isArray(nodes)) return [];
  return nodes.map((node: unknown, i) => {
    const where = `${path}.inbound_nodes[${i}]`;
    if (isObject(node)) return kerasThree(node, where, problems);
    return kerasTwo(node, where, problems).map((place) => fromZero(place, isModel));
  });
}

/** Places as [layer, use, result]; one, or a list or object of them. */
export function placesOf(value: unknown, isModel: (layer: string) => boolean): Place[] {
  if (isPlace(value)) return [fromZero(value, isModel)];
  const inner: readonly unknown[] = Array.isArray(value)
    ? value
    : isObject(value)
      ? Object.values(value)
      : [];
  return inner.flatMap((each) => placesOf(each, isModel));
}

function isPlace(value: unknown): value is Place {
  return (
    Array.isArray(value) &&
    typeof value[0] === 'string' &&
    typeof value[1] === 'number' &&
    typeof value[2] === 'number'
  );
}

function fromZero(place: Place, isModel: (layer: string) => boolean): Place {
  const [layer, use, result] = place;
  return isModel(layer) ? [layer, Math.max(0, use - 1), result] : place;
}

/** { args: [tensor or list of tensors], kwargs: {} }. */
function kerasThree(node: JsonObject, path: string, problems: Problems): Place[] {
  const places: Place[] = [];
  const visit = (value: unknown, where: string): void => {
    if (value === null) return;
    if (Array.isArray(value)) value.forEach((each) => visit(each, where));
    else if (isObject(value) && value['class_name'] === '__keras_tensor__') {
      const history = isObject(value['config']) ? value['config']['keras_history'] : undefined;
      if (isPlace(history)) places.push(history);
      else problems.add(where, 'a tensor without keras_history');
    } else problems.add(where, `the argument ${JSON.stringify(value)} is not supported`);
  };
  visit(node['args'], path);
  checkArguments(node['kwargs'], path, problems);
  return places;
}

/** [[layer, use, result, kwargs], ...]. */
function kerasTwo(node: unknown, path: string, problems: Problems): Place[] {
  const entries: readonly unknown[] = Array.isArray(node) ? node : [];
  return entries.flatMap((entry) => {
    if (!isPlace(entry)) {
      problems.add(path, `${JSON.stringify(entry)} is no [layer, use, result]`);
      return [];
    }
    checkArguments((entry as readonly unknown[])[3], path, problems);
    const [layer, use, result] = entry;
    return [[layer, use, result] as const];
  });
}

/** As in Keras 3, whether a model is trained is said by `fit` and `predict`, not by the graph. */
function checkArguments(kwargs: unknown, path: string, problems: Problems): void {
  for (const [name, value] of Object.entries(isObject(kwargs) ? kwargs : {})) {
    if (value === null || name === 'training') continue;
    problems.add(path, `the argument ${name} is not supported`);
  }
}
