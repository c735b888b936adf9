import { FoveaError } from '../../errors.js';
import type { Layer, LayerOptions } from '../layer.js';
import * as conv from './conv.js';
import * as core from './core.js';
import * as norm from './norm.js';
import * as pool from './pool.js';

export type * from './conv.js';
export type * from './core.js';
export type * from './norm.js';
export type * from './pool.js';

/** Says which samples a model takes: the first entry of `sequential([...])`. */
export const input = (options: core.InputOptions): core.InputLayer => new core.InputLayer(options);
/** Convolution over height and width. */
export const conv2d = (options: conv.Conv2dOptions): conv.Conv2D => new conv.Conv2D(options);
/** Convolution of each channel by itself. */
export const depthwiseConv2d = (options: conv.DepthwiseConv2dOptions): conv.DepthwiseConv2D =>
  new conv.DepthwiseConv2D(options);
/** Depthwise, then 1x1 convolution. */
export const separableConv2d = (options: conv.SeparableConv2dOptions): conv.SeparableConv2D =>
  new conv.SeparableConv2D(options);
/** Fully connected layer over the last dimension. */
export const dense = (options: core.DenseOptions): core.Dense => new core.Dense(options);
/** An activation by itself. */
export const activation = (options: core.ActivationOptions): core.Activation =>
  new core.Activation(options);
/** Zeroes values at random in training. */
export const dropout = (options: core.DropoutOptions): core.Dropout => new core.Dropout(options);
/** Makes each sample one row of numbers. */
export const flatten = (options?: LayerOptions): core.Flatten => new core.Flatten(options);
/** The largest value of each window. */
export const maxPooling2d = (options?: pool.PoolingOptions): pool.MaxPooling2D =>
  new pool.MaxPooling2D(options);
/** The mean of each window. */
export const averagePooling2d = (options?: pool.PoolingOptions): pool.AveragePooling2D =>
  new pool.AveragePooling2D(options);
/** The mean of each channel over height and width. */
export const globalAveragePooling2d = (
  options?: pool.GlobalPoolingOptions,
): pool.GlobalAveragePooling2D => new pool.GlobalAveragePooling2D(options);
/** The largest value of each channel over height and width. */
export const globalMaxPooling2d = (options?: pool.GlobalPoolingOptions): pool.GlobalMaxPooling2D =>
  new pool.GlobalMaxPooling2D(options);
/** Surrounds pictures with zeros. */
export const zeroPadding2d = (options?: pool.ZeroPaddingOptions): pool.ZeroPadding2D =>
  new pool.ZeroPadding2D(options);
/** Brings each channel to mean 0 and variance 1, then scales and shifts it. */
export const batchNormalization = (
  options?: norm.BatchNormalizationOptions,
): norm.BatchNormalization => new norm.BatchNormalization(options);

// Configurations come from files: each constructor checks what it is given.
const constructors: Readonly<Record<string, new (config: never) => Layer>> = {
  InputLayer: core.InputLayer,
  Dense: core.Dense,
  Activation: core.Activation,
  Dropout: core.Dropout,
  Flatten: core.Flatten,
  Conv2D: conv.Conv2D,
  DepthwiseConv2D: conv.DepthwiseConv2D,
  SeparableConv2D: conv.SeparableConv2D,
  MaxPooling2D: pool.MaxPooling2D,
  AveragePooling2D: pool.AveragePooling2D,
  GlobalAveragePooling2D: pool.GlobalAveragePooling2D,
  GlobalMaxPooling2D: pool.GlobalMaxPooling2D,
  ZeroPadding2D: pool.ZeroPadding2D,
  BatchNormalization: norm.BatchNormalization,
};

/**
 * The layer of a class with what its `getConfig()` returned.
 *
 * @throws FoveaError ARGUMENT when there is no such class, or it does not take such a configuration
 */
export function layerFromConfig(className: string, config: unknown): Layer {
  const Class = Object.hasOwn(constructors, className) ? constructors[className] : undefined;
  if (!Class) {
    throw new FoveaError('ARGUMENT', `there is no layer class '${className}'`, {
      hint: `Known are ${Object.keys(constructors).join(', ')}.`,
    });
  }
  return new Class(config as never);
}
