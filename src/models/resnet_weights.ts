import { readStart, withFile } from '../io/files.js';
import type { FileTensor } from '../io/formats/array.js';
import { readHdf5, type Hdf5Group } from '../io/formats/hdf5.js';
import { Problems } from '../io/keras/options.js';
import { throwProblems } from '../io/keras/read_config.js';
import { load } from '../io/keras/weights.js';
import { inFile } from '../io/model.js';
import type { Functional } from '../nn/functional.js';

/** Of the letters HDF that such a file begins with, after a sign. */
const HDF5_SECOND = 0x48;

/**
 * The epsilon of batch normalization that the older network had, less that of the present one: with
 * it added to the variances, both compute the same.
 */
const EPSILON = 1e-3 - 1.001e-5;

/**
 * Loads the older weights of ResNet-50, if a file holds these. It has the same name as the present
 * one (md5 a7b3fe01876f51b976af0dea6bc144eb, without top a268eb855778b3df3c7506639542a6af), but its
 * layers are called res2a_branch2a and come in another order.
 *
 * @returns whether it does
 * @throws FoveaError FILE when the file does not fit
 */
export async function loadOldResNet50(network: Functional, path: string): Promise<boolean> {
  if ((await readStart(path, 2))[1] !== HDF5_SECOND) return false;
  return inFile(path, () =>
    withFile(path, (source) =>
      readHdf5(source, (root) => {
        const group = root.kind('model_weights') === 'group' ? root.group('model_weights') : root;
        const isOld = group.kind('res2a_branch2a') === 'group';
        if (isOld) loadLayers(network, group);
        return isOld;
      }),
    ),
  );
}

function loadLayers(network: Functional, root: Hdf5Group): void {
  const problems = new Problems();
  for (const { name: layer, weights } of network.layers) {
    const old = oldName(layer);
    const group = root.kind(old) === 'group' ? root.group(old) : undefined;
    const names = group?.attribute('weight_names');
    for (const [i, { name, value }] of weights.entries()) {
      const path = names instanceof Array ? String(names[i]) : '';
      const found = group?.kind(path) === 'array' ? group.arrayInParts(path) : undefined;
      const isVariance = found && name.endsWith('/moving_variance');
      load(value, isVariance ? shifted(found) : found, name, problems);
    }
  }
  throwProblems(problems);
}

/** Adds to variances what the epsilon has become smaller by. */
function shifted({ shape, parts }: FileTensor): FileTensor {
  return {
    ...{ dtype: 'float32', shape },
    parts: (use) => {
      parts((part) => use(Float32Array.from(part, (value) => value + EPSILON)));
    },
  };
}

/** 'conv3_block2_1_bn' was 'bn3b_branch2a'. */
function oldName(layer: string): string {
  if (layer === 'conv1_conv') return 'conv1';
  if (layer === 'conv1_bn') return 'bn_conv1';
  if (layer === 'predictions') return 'fc1000';
  const found = /^conv(\d)_block(\d)_(\d)_(conv|bn)$/.exec(layer);
  if (!found) return layer;
  const [, stage, block, index, kind] = found;
  const branch = index === '0' ? '1' : `2${letter(Number(index))}`;
  return `${kind === 'conv' ? 'res' : 'bn'}${stage!}${letter(Number(block))}_branch${branch}`;
}

/** 1 is a, 2 is b. */
function letter(number: number): string {
  return String.fromCharCode(96 + number);
}
