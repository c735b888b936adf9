import { FoveaError } from '../errors.js';
import { sizeOf } from '../shape.js';
import type { OutputPlan } from './compile.js';
import {
  arraysOf,
  checkCount,
  checkFinite,
  hostArray,
  inputRows,
  range,
  targetRows,
  type ArrayInput,
  type BatchSource,
  type HostArray,
  type Inputs,
} from './data.js';
import type { Model } from './model.js';

/** How much samples count. */
export interface WeightOptions {
  /** One number per sample [n]; of models with several outputs one such array for each. */
  readonly sampleWeight?: Inputs | undefined;
  /** Factor of each class, for models with one output. Classes that are not named count 1. */
  readonly classWeight?: Readonly<Record<number, number>> | undefined;
}

/** Samples with their targets, checked. */
export interface Examples {
  /** One for each input. */
  readonly x: readonly BatchSource[];
  /** One for each output. */
  readonly y: readonly BatchSource[];
  /** One for each output; undefined where all samples count the same. */
  readonly weights: readonly (BatchSource | undefined)[];
  /** Which of the rows. */
  readonly indices: Int32Array;
}

/**
 * Checks and uploads samples and targets.
 *
 * @param where for errors: 'fit'
 * @throws FoveaError when they do not fit the model or its losses, or hold NaN or infinity
 */
export async function loadExamples(
  where: string,
  model: Model,
  plans: readonly OutputPlan[],
  x: Inputs,
  y: Inputs,
  { sampleWeight, classWeight }: WeightOptions = {},
): Promise<Examples> {
  const { rows, count } = await inputRows(where, model, x, true);
  try {
    const weighted = { sampleWeight, classWeight };
    return { x: rows, ...(await loadTargets(where, model, plans, y, count, weighted)) };
  } catch (error) {
    for (const each of rows) each.dispose();
    throw error;
  }
}

async function loadTargets(
  where: string,
  model: Model,
  plans: readonly OutputPlan[],
  y: Inputs,
  count: number,
  options: WeightOptions,
): Promise<Omit<Examples, 'x'>> {
  const { targets, weights } = await checkedTargets(where, model, plans, y, count, options);
  return {
    y: targets.map((target, i) => targetRows(target, targetType(plans[i]!))),
    weights: weights.map(
      (values) => values && targetRows({ data: values, shape: [count] }, 'float32'),
    ),
    indices: range(0, count),
  };
}

/** How the targets of an output lie on the GPU. */
export function targetType({ loss }: OutputPlan): 'int32' | 'float32' {
  return loss?.isSparse ? 'int32' : 'float32';
}

/** Targets and weights of samples, one for each output; weights undefined where all count the same. */
export interface Targets {
  readonly targets: readonly HostArray[];
  readonly weights: readonly (Float32Array | undefined)[];
}

/**
 * Checks the targets of samples, and how much each counts.
 *
 * @param count number of samples
 * @throws FoveaError when they do not fit the samples or the losses, or hold NaN or infinity
 */
export async function checkedTargets(
  where: string,
  { outputNames: names }: Pick<Model, 'outputNames'>,
  plans: readonly OutputPlan[],
  y: Inputs,
  count: number,
  { sampleWeight, classWeight }: WeightOptions,
): Promise<Targets> {
  const targets: HostArray[] = [];
  for (const [i, array] of arraysOf(`${where}: y`, y, names).entries()) {
    const { loss, output } = plans[i]!;
    const label = names.length === 1 ? where : `${where}: ${names[i]!}`;
    const host = await hostArray(`${label}: y`, array);
    if (!loss) checkCount(label, 'y', host.shape[0]!, count);
    targets.push(loss ? loss.checkTargets(label, host, count, output.shape) : host);
  }
  const weights = await sampleWeights(where, names, count, sampleWeight);
  if (classWeight) {
    if (names.length > 1) {
      throw new FoveaError('ARGUMENT', `${where}: classWeight is for models with one output`, {
        hint: 'Pass sampleWeight, one array for each output.',
      });
    }
    weights[0] = byClass(targets[0]!, count, classWeight, weights[0]);
  }
  return { targets, weights };
}

async function sampleWeights(
  where: string,
  names: readonly string[],
  count: number,
  given: Inputs | undefined,
): Promise<(Float32Array | undefined)[]> {
  if (given === undefined) return names.map(() => undefined);
  const arrays = arraysOf(`${where}: sampleWeight`, given, names);
  return Promise.all(arrays.map((array) => weightsOf(where, array, count)));
}

async function weightsOf(where: string, array: ArrayInput, count: number): Promise<Float32Array> {
  const host = await hostArray(`${where}: sampleWeight`, array);
  checkCount(where, 'sampleWeight', host.shape[0] ?? 0, count);
  if (host.data.length !== count) {
    throw new FoveaError(
      'SHAPE',
      `${where}: sampleWeight has shape (${host.shape.join(', ')}), expected (${count})`,
    );
  }
  checkFinite(where, 'sampleWeight', host);
  return Float32Array.from(host.data);
}

/** Multiplies weights by those of each sample's class: its number, or the largest of its row. */
function byClass(
  { data, shape }: HostArray,
  count: number,
  classWeight: Readonly<Record<number, number>>,
  weights: Float32Array | undefined,
): Float32Array {
  const size = sizeOf(shape.slice(1));
  const isNumber = size === 1;
  return Float32Array.from({ length: count }, (_, i) => {
    const row = Array.from({ length: size }, (__, k) => data[i * size + k]!);
    const label = isNumber ? Math.round(row[0]!) : row.indexOf(Math.max(...row));
    return (weights?.[i] ?? 1) * (classWeight[label] ?? 1);
  });
}

/**
 * The first part of the examples, to train on, and the last share of them.
 *
 * @throws FoveaError DATA when one of them would be empty
 */
export function splitExamples(all: Examples, share: number): [Examples, Examples] {
  const count = all.indices.length;
  const split = Math.floor(count * (1 - share));
  if (split === 0 || split === count) {
    throw new FoveaError(
      'DATA',
      `fit: validationSplit ${share} of ${count} samples leaves ${split} to train on ` +
        `and ${count - split} to evaluate`,
    );
  }
  return [
    { ...all, indices: all.indices.slice(0, split) },
    { ...all, indices: all.indices.slice(split) },
  ];
}
