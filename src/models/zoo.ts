import { FoveaError } from '../errors.js';
import type { Architecture } from './architecture.js';
import { kerasInput, MODES, type InputContract } from './input.js';
import { efficientNet, efficientNetLite } from './efficientnet.js';
import { inceptionV3 } from './inception.js';
import { mobileNetV2 } from './mobilenet.js';
import { resNet } from './resnet.js';
import { vgg } from './vgg.js';

/** What is known of one network. */
export interface ZooEntry {
  readonly architecture: Architecture;
  /** How it is built for the weights 'imagenet'. Default: as `architecture`. */
  readonly pretrained?: Architecture;
  readonly input: InputContract;
  /** File in data/ with weights that were trained on ImageNet, where the package has them. */
  readonly weights?: string;
}

function withInput(architecture: Architecture, mode: keyof typeof MODES): ZooEntry {
  return { architecture, input: kerasInput(MODES[mode], architecture.size) };
}

/** The weights of ImageNet are of networks that scaled pictures once more. */
function efficientNetB(index: number): ZooEntry {
  return {
    ...withInput(efficientNet(index), 'none'),
    pretrained: efficientNet(index, { isScaledTwice: true }),
  };
}

function liteNet(index: number): ZooEntry {
  const entry = withInput(efficientNetLite(index), 'lite');
  return { ...entry, input: { ...entry.input, resize: 'bicubic', cropFraction: 0.875 } };
}

/** Every network, under the name of its builder. */
export const zoo = {
  vgg16: withInput(vgg(16), 'caffe'),
  vgg19: withInput(vgg(19), 'caffe'),
  resNet50: withInput(resNet(50), 'caffe'),
  resNet101: withInput(resNet(101), 'caffe'),
  resNet152: withInput(resNet(152), 'caffe'),
  inceptionV3: withInput(inceptionV3, 'tf'),
  mobileNetV2: withInput(mobileNetV2, 'tf'),
  efficientNetB0: efficientNetB(0),
  efficientNetB1: efficientNetB(1),
  efficientNetB2: efficientNetB(2),
  efficientNetB3: efficientNetB(3),
  efficientNetB4: efficientNetB(4),
  efficientNetB5: efficientNetB(5),
  efficientNetB6: efficientNetB(6),
  efficientNetB7: efficientNetB(7),
  efficientNetLite0: { ...liteNet(0), weights: 'efficientnet-lite0.safetensors' },
  efficientNetLite1: liteNet(1),
  efficientNetLite2: liteNet(2),
  efficientNetLite3: liteNet(3),
  efficientNetLite4: liteNet(4),
} satisfies Record<string, ZooEntry>;

/** A network, by the name of its builder: 'resNet50'. */
export type ZooName = keyof typeof zoo;

/** Throws ARGUMENT, with the names there are, for another one. */
export function entryOf(name: ZooName): ZooEntry {
  if (Object.hasOwn(zoo, name)) return zoo[name];
  throw new FoveaError('ARGUMENT', `there is no network '${name as string}'`, {
    hint: `The networks are ${Object.keys(zoo).join(', ')}.`,
  });
}

/**
 * The name of a network's builder, from its name in lower case as in Keras: 'resnet50'.
 *
 * @throws FoveaError ARGUMENT, with the names there are, for another one
 */
export function zooName(name: string): ZooName {
  const names = Object.keys(zoo) as ZooName[];
  const found = names.find((each) => each.toLowerCase() === name.toLowerCase());
  if (found) return found;
  throw new FoveaError('ARGUMENT', `there is no network '${name}'`, {
    hint: `The networks are ${names.map((each) => each.toLowerCase()).join(', ')}.`,
  });
}
