import { buildApplication, settingsOf, type ApplicationOptions } from './architecture.js';
import { entryOf, type ZooName } from './zoo.js';
import type { Functional } from '../nn/functional.js';

export type { ApplicationOptions } from './architecture.js';
export type { ZooName } from './zoo.js';

/** Makes a network. It is a promise, so that weights can be loaded. */
type Builder = (options?: ApplicationOptions) => Promise<Functional>;

function builder(name: ZooName): Builder {
  return async (options = {}) => {
    const { architecture } = entryOf(name);
    return Promise.resolve(buildApplication(architecture, settingsOf(architecture, options)));
  };
}

/** VGG-16: 138,357,544 parameters. Takes BGR minus the mean; see `preprocessInput`. */
export const vgg16 = builder('vgg16');
/** VGG-19: 143,667,240 parameters. */
export const vgg19 = builder('vgg19');
/** ResNet-50, version 1: 25,636,712 parameters. Takes BGR minus the mean; see `preprocessInput`. */
export const resNet50 = builder('resNet50');
/** ResNet-101: 44,707,176 parameters. */
export const resNet101 = builder('resNet101');
/** ResNet-152: 60,419,944 parameters. */
export const resNet152 = builder('resNet152');
/** Inception, version 3, for 299 x 299: 23,851,784 parameters. Takes values of -1 to 1. */
export const inceptionV3 = builder('inceptionV3');
/** MobileNet, version 2: 3,538,984 parameters. Takes values of -1 to 1. */
export const mobileNetV2 = builder('mobileNetV2');
