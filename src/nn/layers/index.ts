import type { LayerOptions } from '../layer.js';
import * as activations from './activations.js';
import * as augmentation from './augmentation.js';
import * as conv from './conv.js';
import * as core from './core.js';
import * as merge from './merge.js';
import * as norm from './norm.js';
import * as pool from './pool.js';
import * as preprocessing from './preprocessing.js';
import * as regularization from './regularization.js';
import * as spatial from './spatial.js';

export type * from './activations.js';
export type * from './augmentation.js';
export type * from './conv.js';
export type * from './core.js';
export type * from './merge.js';
export type * from './norm.js';
export type * from './pool.js';
export type * from './preprocessing.js';
export type * from './regularization.js';
export type * from './spatial.js';

/** Says which samples a model takes: the first entry of `sequential([...])`. */
export const input = (options: core.InputOptions): core.InputLayer => new core.InputLayer(options);
/** Fully connected layer over the last dimension. */
export const dense = (options: core.DenseOptions): core.Dense => new core.Dense(options);
/** An activation by itself. */
export const activation = (options: core.ActivationOptions): core.Activation =>
  new core.Activation(options);
/** Makes each sample one row of numbers. */
export const flatten = (options?: LayerOptions): core.Flatten => new core.Flatten(options);
/** The same numbers of each sample under another shape. */
export const reshape = (options: core.ReshapeOptions): core.Reshape => new core.Reshape(options);
/** Reorders the dimensions of each sample. */
export const permute = (options: core.PermuteOptions): core.Permute => new core.Permute(options);
/** Repeats the features of each sample. */
export const repeatVector = (options: core.RepeatVectorOptions): core.RepeatVector =>
  new core.RepeatVector(options);
/** Convolution over height and width. */
export const conv2d = (options: conv.Conv2dOptions): conv.Conv2D => new conv.Conv2D(options);
/** Transposed convolution: makes pictures larger. */
export const conv2dTranspose = (options: conv.Conv2dTransposeOptions): conv.Conv2DTranspose =>
  new conv.Conv2DTranspose(options);
/** Convolution of each channel by itself. */
export const depthwiseConv2d = (options: conv.DepthwiseConv2dOptions): conv.DepthwiseConv2D =>
  new conv.DepthwiseConv2D(options);
/** Depthwise, then 1x1 convolution. */
export const separableConv2d = (options: conv.SeparableConv2dOptions): conv.SeparableConv2D =>
  new conv.SeparableConv2D(options);
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
export const zeroPadding2d = (options?: spatial.ZeroPaddingOptions): spatial.ZeroPadding2D =>
  new spatial.ZeroPadding2D(options);
/** Takes rows and columns away at the sides. */
export const cropping2d = (options?: spatial.CroppingOptions): spatial.Cropping2D =>
  new spatial.Cropping2D(options);
/** Makes pictures larger by whole factors. */
export const upSampling2d = (options?: spatial.UpSamplingOptions): spatial.UpSampling2D =>
  new spatial.UpSampling2D(options);
/** Brings each channel to mean 0 and variance 1, then scales and shifts it. */
export const batchNormalization = (
  options?: norm.BatchNormalizationOptions,
): norm.BatchNormalization => new norm.BatchNormalization(options);
/** Brings each position to mean 0 and variance 1, then scales and shifts it. */
export const layerNormalization = (
  options?: norm.LayerNormalizationOptions,
): norm.LayerNormalization => new norm.LayerNormalization(options);
/** max(x, 0), with an upper limit, a slope and a threshold. */
export const reLU = (options?: activations.ReLUOptions): activations.ReLU =>
  new activations.ReLU(options);
/** x above 0, a fixed slope below. */
export const leakyReLU = (options?: activations.LeakyReLUOptions): activations.LeakyReLU =>
  new activations.LeakyReLU(options);
/** x above 0, learned slopes below. */
export const prelu = (options?: activations.PReLUOptions): activations.PReLU =>
  new activations.PReLU(options);
/** x above 0, alpha (exp(x) - 1) below. */
export const elu = (options?: activations.ELUOptions): activations.ELU =>
  new activations.ELU(options);
/** exp(x) / sum(exp(x)) along a dimension. */
export const softmax = (options?: activations.SoftmaxOptions): activations.Softmax =>
  new activations.Softmax(options);
/** Zeroes values at random in training. */
export const dropout = (options: regularization.DropoutOptions): regularization.Dropout =>
  new regularization.Dropout(options);
/** Zeroes whole channels at random in training. */
export const spatialDropout2d = (
  options: regularization.SpatialDropoutOptions,
): regularization.SpatialDropout2D => new regularization.SpatialDropout2D(options);
/** Adds noise in training. */
export const gaussianNoise = (
  options: regularization.GaussianNoiseOptions,
): regularization.GaussianNoise => new regularization.GaussianNoise(options);
/** Sum of the inputs. */
export const add = (options?: LayerOptions): merge.Add => new merge.Add(options);
/** First input minus the second. */
export const subtract = (options?: LayerOptions): merge.Subtract => new merge.Subtract(options);
/** Product of the inputs, element by element. */
export const multiply = (options?: LayerOptions): merge.Multiply => new merge.Multiply(options);
/** Mean of the inputs. */
export const average = (options?: LayerOptions): merge.Average => new merge.Average(options);
/** Largest of the inputs, element by element. */
export const maximum = (options?: LayerOptions): merge.Maximum => new merge.Maximum(options);
/** Smallest of the inputs, element by element. */
export const minimum = (options?: LayerOptions): merge.Minimum => new merge.Minimum(options);
/** Joins the inputs along a dimension. */
export const concatenate = (options?: merge.ConcatenateOptions): merge.Concatenate =>
  new merge.Concatenate(options);
/** x scale + offset. */
export const rescaling = (options: preprocessing.RescalingOptions): preprocessing.Rescaling =>
  new preprocessing.Rescaling(options);
/** (x - mean) / sqrt(variance). */
export const normalization = (
  options?: preprocessing.NormalizationOptions,
): preprocessing.Normalization => new preprocessing.Normalization(options);
/** Brings pictures to one size. */
export const resizing = (options: preprocessing.ResizingOptions): preprocessing.Resizing =>
  new preprocessing.Resizing(options);
/** Cuts out the middle of pictures. */
export const centerCrop = (options: preprocessing.CropSizeOptions): preprocessing.CenterCrop =>
  new preprocessing.CenterCrop(options);
/** Mirrors half of the pictures, in training. */
export const randomFlip = (options?: augmentation.RandomFlipOptions): augmentation.RandomFlip =>
  new augmentation.RandomFlip(options);
/** Turns pictures, in training. */
export const randomRotation = (
  options: augmentation.RandomRotationOptions,
): augmentation.RandomRotation => new augmentation.RandomRotation(options);
/** Moves pictures, in training. */
export const randomTranslation = (
  options: augmentation.RandomTranslationOptions,
): augmentation.RandomTranslation => new augmentation.RandomTranslation(options);
/** Makes the content of pictures larger or smaller, in training. */
export const randomZoom = (options: augmentation.RandomZoomOptions): augmentation.RandomZoom =>
  new augmentation.RandomZoom(options);
/** Changes the contrast of pictures, in training. */
export const randomContrast = (options: augmentation.ColourOptions): augmentation.RandomContrast =>
  new augmentation.RandomContrast(options);
/** Makes pictures lighter or darker, in training. */
export const randomBrightness = (
  options: augmentation.ColourOptions,
): augmentation.RandomBrightness => new augmentation.RandomBrightness(options);
/** Cuts out a part: at random in training, else the middle. */
export const randomCrop = (options: augmentation.RandomCropOptions): augmentation.RandomCrop =>
  new augmentation.RandomCrop(options);

/** The classes under their names in Keras; each checks the configuration that it is given. */
export const layerClasses = {
  InputLayer: core.InputLayer,
  Dense: core.Dense,
  Activation: core.Activation,
  Flatten: core.Flatten,
  Reshape: core.Reshape,
  Permute: core.Permute,
  RepeatVector: core.RepeatVector,
  Conv2D: conv.Conv2D,
  Conv2DTranspose: conv.Conv2DTranspose,
  DepthwiseConv2D: conv.DepthwiseConv2D,
  SeparableConv2D: conv.SeparableConv2D,
  MaxPooling2D: pool.MaxPooling2D,
  AveragePooling2D: pool.AveragePooling2D,
  GlobalAveragePooling2D: pool.GlobalAveragePooling2D,
  GlobalMaxPooling2D: pool.GlobalMaxPooling2D,
  ZeroPadding2D: spatial.ZeroPadding2D,
  Cropping2D: spatial.Cropping2D,
  UpSampling2D: spatial.UpSampling2D,
  BatchNormalization: norm.BatchNormalization,
  LayerNormalization: norm.LayerNormalization,
  ReLU: activations.ReLU,
  LeakyReLU: activations.LeakyReLU,
  PReLU: activations.PReLU,
  ELU: activations.ELU,
  Softmax: activations.Softmax,
  Dropout: regularization.Dropout,
  SpatialDropout2D: regularization.SpatialDropout2D,
  GaussianNoise: regularization.GaussianNoise,
  Add: merge.Add,
  Subtract: merge.Subtract,
  Multiply: merge.Multiply,
  Average: merge.Average,
  Maximum: merge.Maximum,
  Minimum: merge.Minimum,
  Concatenate: merge.Concatenate,
  Rescaling: preprocessing.Rescaling,
  Normalization: preprocessing.Normalization,
  Resizing: preprocessing.Resizing,
  CenterCrop: preprocessing.CenterCrop,
  RandomFlip: augmentation.RandomFlip,
  RandomRotation: augmentation.RandomRotation,
  RandomTranslation: augmentation.RandomTranslation,
  RandomZoom: augmentation.RandomZoom,
  RandomContrast: augmentation.RandomContrast,
  RandomBrightness: augmentation.RandomBrightness,
  RandomCrop: augmentation.RandomCrop,
};
