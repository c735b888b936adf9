import { FoveaError } from './errors.js';

/** Something that a scope can free. */
export interface Resource {
  dispose(): void;
}

const open: Set<Resource>[] = [];

/** Puts a new resource into the innermost open scope. */
export function track(resource: Resource): void {
  open.at(-1)?.add(resource);
}

/** Takes a resource out of every scope: from now on its owner frees it. Returns it. */
export function keep<T extends Resource>(resource: T): T {
  for (const resources of open) resources.delete(resource);
  return resource;
}

/**
 * Runs `fn` and frees every tensor it made and did not return. Returned tensors (alone, in arrays
 * or in plain objects) pass to the scope around. `fn` must be synchronous: only reading a result
 * is asynchronous, and reads belong outside.
 *
 * @throws FoveaError ARGUMENT when `fn` returns a promise
 */
export function scope<T>(fn: () => T extends PromiseLike<unknown> ? never : T): T {
  const resources = new Set<Resource>();
  open.push(resources);
  let result: T;
  try {
    result = fn();
  } catch (error) {
    close(resources);
    throw error;
  }
  if (isThenable(result)) {
    close(resources);
    // Its failure, if any, has been answered by this one.
    Promise.resolve(result).catch(() => undefined);
    throw new FoveaError('ARGUMENT', 'scope: the function returned a promise', {
      hint: 'Read results (await t.data()) outside of scope().',
    });
  }
  const escaped: Resource[] = [];
  collect(result, resources, escaped);
  for (const resource of escaped) resources.delete(resource);
  close(resources);
  for (const resource of escaped) track(resource);
  return result;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

function close(resources: Set<Resource>): void {
  open.splice(open.lastIndexOf(resources), 1);
  for (const resource of resources) resource.dispose();
}

function collect(value: unknown, resources: ReadonlySet<Resource>, out: Resource[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (resources.has(value as Resource)) out.push(value as Resource);
  else if (Array.isArray(value)) for (const item of value) collect(item, resources, out);
  else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) collect(item, resources, out);
  }
}
