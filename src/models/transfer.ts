import { FoveaError } from '../errors.js';
import type { Dataset } from '../nn/dataset.js';
import type { Batch } from '../nn/feed.js';
import { input, model, type Functional } from '../nn/functional.js';
import type { SymbolicTensor } from '../nn/graph.js';
import { checkInteger, only, type Layer } from '../nn/layer.js';
import { Conv2D } from '../nn/layers/conv.js';
import * as layers from '../nn/layers/index.js';
import { BatchNormalization } from '../nn/layers/norm.js';
import type { Model } from '../nn/model.js';
import { optimizers } from '../nn/optimizers.js';
import type { Verbose } from '../nn/progress.js';
import type { History } from '../nn/train.js';
import { assign } from '../nn/update.js';
import { contractOf, type InputContract } from './input.js';

/** Options of `imageClassifier`. */
export interface ImageClassifierOptions {
  /** Number of classes. */
  readonly classes: number;
  /** Before the classifier. Default 0.2; 0: none. */
  readonly dropout?: number | undefined;
  /** Layers that change pictures in training, such as `layers.randomFlip()`. Default: none. */
  readonly augment?: readonly Layer[] | undefined;
  /** Which pictures the base takes. Default: what `applications` built it for. */
  readonly input?: InputContract | undefined;
  /** An integer from 0, of the new weights and of dropout. Default: another one each time. */
  readonly seed?: number | undefined;
  readonly name?: string | undefined;
}

/**
 * A classifier on top of a network: pictures with values of 0 to 255 -> augmentation -> what the
 * network expects -> the network -> dropout -> softmax. What pictures have to go through is in the
 * model, and so in its file. The layers of the network are those of the base, with their weights.
 *
 * @param base without a top, one row of features per picture: `applications.resNet50({ includeTop:
 *   false, pooling: 'avg', weights: 'imagenet' })`
 * @throws FoveaError ARGUMENT when the base ends in maps, or it is not known what it takes
 */
export function imageClassifier(base: Model, options: ImageClassifierOptions): Functional {
  const { classes, dropout = 0.2, augment = [], seed, name = `${base.name}_classifier` } = options;
  checkInteger('imageClassifier', 'classes', classes);
  if (base.outputShape.length !== 1) {
    throw new FoveaError(
      'ARGUMENT',
      `imageClassifier: ${base.name} ends in maps of (${base.outputShape.join(', ')})`,
      { hint: "Build it with includeTop: false and pooling: 'avg'." },
    );
  }
  const contract = options.input ?? contractOf(base);
  const prepare = preprocessing(contract);
  const before = [...augment, ...(prepare ? [prepare] : [])];
  const after = [
    ...(dropout > 0 ? [layers.dropout({ rate: dropout })] : []),
    layers.dense({ units: classes, activation: 'softmax', name: 'classifier' }),
  ];
  const pictures = input({ shape: base.inputShape });
  const outputs = chain(after, onTop(chain(before, pictures), base));
  const result = model({ inputs: pictures, outputs, name, ...(seed !== undefined && { seed }) });
  if (prepare instanceof Conv2D) setWeights(prepare, contract);
  return result;
}

/** Layers one after the other. */
export function chain(parts: readonly Layer[], x: SymbolicTensor): SymbolicTensor {
  return parts.reduce((y, layer) => layer.apply(y), x);
}

/** The layers of a network with one input and one output, on another tensor. */
export function onTop(x: SymbolicTensor, base: Model): SymbolicTensor {
  return only('imageClassifier', base.graph.applyTo([x]), 'output');
}

/**
 * What a network does to pictures of 0 to 255, as a layer that Keras has too: a scale and an offset; else,
 * as for BGR, a 1x1 convolution that is never trained.
 */
function preprocessing({ channels, mean, std }: InputContract): Layer | undefined {
  const isRgb = channels === 'RGB';
  if (isRgb && mean.every((m) => m === 0) && std.every((s) => s === 1)) return undefined;
  if (isRgb && mean.every((m) => m === mean[0]) && std.every((s) => s === std[0])) {
    return layers.rescaling({ scale: 1 / std[0], offset: -mean[0] / std[0] });
  }
  return layers.conv2d({ filters: 3, kernelSize: 1, trainable: false, name: 'preprocessing' });
}

function setWeights(layer: Conv2D, { channels, mean, std }: InputContract): void {
  const kernel = new Float32Array(9);
  for (let c = 0; c < 3; c++) {
    const from = channels === 'RGB' ? c : 2 - c;
    kernel[from * 3 + c] = 1 / std[c]!;
  }
  const bias = Float32Array.from(mean, (m, c) => -m / std[c]!);
  const [kernelWeight, biasWeight] = layer.weights;
  assign(kernelWeight!.value, kernel);
  assign(biasWeight!.value, bias);
}

/** How many of a network's layers are not trained: the first ones, all, or none. */
export type Freeze = number | 'all' | 'none';

/**
 * Says which layers of a network are trained. Where any is frozen, batch normalization is frozen
 * everywhere, as Keras's guide to fine-tuning advises: its averages over many pictures are worth more
 * than those over a few batches.
 *
 * @param freeze number of layers from the first on, as in Keras's `base.layers`
 * @throws FoveaError ARGUMENT when there are fewer layers
 */
export function freezeLayers(base: Model, freeze: Freeze): void {
  const all = base.layers;
  const count = freeze === 'all' ? all.length : freeze === 'none' ? 0 : freeze;
  if (!Number.isInteger(count) || count < 0 || count > all.length) {
    throw new FoveaError(
      'ARGUMENT',
      `freeze: ${base.name} has ${all.length} layers, ${String(freeze)} cannot be frozen`,
      { hint: "Give a number of layers, 'all' or 'none'." },
    );
  }
  base.trainable = count < all.length;
  all.forEach((layer, i) => {
    layer.trainable = i >= count && !(count > 0 && layer instanceof BatchNormalization);
  });
}

/** One stage of `fineTune`. */
export interface FineTuneStage {
  /** How many of the base's last layers are trained, with the classifier. Default 0: it alone. */
  readonly unfreeze?: number | 'all' | undefined;
  readonly epochs: number;
  readonly learningRate: number;
}

/** Options of `fineTune`. */
export interface FineTuneOptions extends ImageClassifierOptions {
  /** Batches of pictures with values of 0 to 255, and class numbers. */
  readonly train: Dataset<Batch>;
  readonly validation?: Dataset<Batch> | undefined;
  /** Default: 10 epochs of the classifier alone at 1e-3, then 5 of the last 20 layers at 1e-5. */
  readonly stages?: readonly FineTuneStage[] | undefined;
  readonly verbose?: Verbose | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Gets a line about each stage. Default: stderr. */
  readonly print?: ((line: string) => void) | undefined;
}

/** What `fineTune` returns. */
export interface FineTuned {
  /** Takes pictures with values of 0 to 255. */
  readonly model: Functional;
  /** Of each stage. */
  readonly histories: readonly History[];
}

const STAGES: readonly FineTuneStage[] = [
  { epochs: 10, learningRate: 1e-3 },
  { epochs: 5, learningRate: 1e-5, unfreeze: 20 },
];

/**
 * Teaches a trained network other classes, in stages: the new classifier first, on frozen features,
 * then the last layers of the network too. Says for each stage what moves. Adam, and batch
 * normalization stays frozen.
 *
 * @throws FoveaError ARGUMENT for stages that do not fit the network
 */
export async function fineTune(base: Functional, options: FineTuneOptions): Promise<FineTuned> {
  const { train, validation, stages = STAGES, verbose = 'auto', signal } = options;
  const { print = (line) => process.stderr.write(`${line}\n`) } = options;
  const classifier = imageClassifier(base, options);
  const histories: History[] = [];
  for (const [i, stage] of stages.entries()) {
    const { unfreeze = 0, epochs, learningRate } = stage;
    freezeLayers(base, frozenCount(base, unfreeze));
    print(`stage ${i + 1} of ${stages.length}: ${describe(classifier, base, stage)}`);
    classifier.compile({
      optimizer: optimizers.adam({ learningRate }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    });
    histories.push(
      await classifier.fit(train, {
        ...{ epochs, verbose, validationData: validation, ...(signal && { signal }) },
      }),
    );
  }
  return { model: classifier, histories };
}

function frozenCount(base: Model, unfreeze: number | 'all'): Freeze {
  if (unfreeze === 'all') return 0;
  return unfreeze === 0 ? 'all' : base.layers.length - unfreeze;
}

/** Which layers move in a stage, and for how long. */
function describe(classifier: Model, base: Model, { epochs, learningRate }: FineTuneStage): string {
  const moving = base.layers.filter((layer) => layer.weights.some(({ trainable }) => trainable));
  const count = (n: number): string => n.toLocaleString('en');
  const trained = classifier.trainableWeights.reduce((sum, { value }) => sum + value.size, 0);
  const names = moving.map(({ name }) => name);
  const list = names.length > 4 ? `${names[0]!} ... ${names.at(-1)!}` : names.join(', ');
  const what = moving.length === 0 ? '' : ` and ${moving.length} layers of ${base.name} (${list})`;
  return (
    `the classifier${what}, ${count(trained)} of ${count(classifier.countParams())} parameters; ` +
    `${epochs} epochs at learning rate ${learningRate}`
  );
}
