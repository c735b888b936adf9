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
  readonly input: InputContract;
  /** File in data/ with weights that were trained on ImageNet, where the package has them. */
  readonly weights?: string;
}

function withInput(architecture: Architecture, mode: keyof typeof MODES): ZooEntry {
  return { architecture, input: kerasInput(MODES[mode], architecture.size) };
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
  efficientNetB0: withInput(efficientNet(0), 'none'),
  efficientNetB1: withInput(efficientNet(1), 'none'),
  efficientNetB2: withInput(efficientNet(2), 'none'),
  efficientNetB3: withInput(efficientNet(3), 'none'),
  efficientNetB4: withInput(efficientNet(4), 'none'),
  efficientNetB5: withInput(efficientNet(5), 'none'),
  efficientNetB6: withInput(efficientNet(6), 'none'),
  efficientNetB7: withInput(efficientNet(7), 'none'),
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
