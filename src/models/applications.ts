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
/** EfficientNet-B0, for 224 x 224: 5,330,571 parameters. Takes values of 0 to 255. */
export const efficientNetB0 = builder('efficientNetB0');
/** EfficientNet-B1, for 240 x 240: 7,856,239 parameters. Takes values of 0 to 255. */
export const efficientNetB1 = builder('efficientNetB1');
/** EfficientNet-B2, for 260 x 260: 9,177,569 parameters. Takes values of 0 to 255. */
export const efficientNetB2 = builder('efficientNetB2');
/** EfficientNet-B3, for 300 x 300: 12,320,535 parameters. Takes values of 0 to 255. */
export const efficientNetB3 = builder('efficientNetB3');
/** EfficientNet-B4, for 380 x 380: 19,466,823 parameters. Takes values of 0 to 255. */
export const efficientNetB4 = builder('efficientNetB4');
/** EfficientNet-B5, for 456 x 456: 30,562,527 parameters. Takes values of 0 to 255. */
export const efficientNetB5 = builder('efficientNetB5');
/** EfficientNet-B6, for 528 x 528: 43,265,143 parameters. Takes values of 0 to 255. */
export const efficientNetB6 = builder('efficientNetB6');
/** EfficientNet-B7, for 600 x 600: 66,658,687 parameters. Takes values of 0 to 255. */
export const efficientNetB7 = builder('efficientNetB7');
/** EfficientNet-Lite0. */
export const efficientNetLite0 = builder('efficientNetLite0');
/** EfficientNet-Lite1. */
export const efficientNetLite1 = builder('efficientNetLite1');
/** EfficientNet-Lite2. */
export const efficientNetLite2 = builder('efficientNetLite2');
/** EfficientNet-Lite3. */
export const efficientNetLite3 = builder('efficientNetLite3');
/** EfficientNet-Lite4. */
export const efficientNetLite4 = builder('efficientNetLite4');
