import type { ActivationName } from '../nn/activations.js';
import type { SymbolicTensor } from '../nn/graph.js';
import { initializers } from '../nn/initializers.js';
import * as layers from '../nn/layers/index.js';
import type { Architecture } from './architecture.js';
import { correctPad } from './padding.js';

/** Window, number of blocks, filters, and stride of the first one. */
const STACKS = [
  { kernelSize: 3, repeats: 1, filters: 16, strides: 1 },
  { kernelSize: 3, repeats: 2, filters: 24, strides: 2 },
  { kernelSize: 5, repeats: 2, filters: 40, strides: 2 },
  { kernelSize: 3, repeats: 3, filters: 80, strides: 2 },
  { kernelSize: 5, repeats: 3, filters: 112, strides: 1 },
  { kernelSize: 5, repeats: 4, filters: 192, strides: 2 },
  { kernelSize: 3, repeats: 1, filters: 320, strides: 1 },
];
const EXPANSION = 6;
const STEM_FILTERS = 32;
const TOP_FILTERS = 1280;
/** At the last block; the first one is never dropped. */
const DROP_RATE = 0.2;

/** How much wider and deeper than B0; height and width of pictures; dropout before the classifier. */
type Scale = readonly [width: number, depth: number, size: number, dropout: number];

const SCALES: readonly Scale[] = [
  [1.0, 1.0, 224, 0.2],
  [1.0, 1.1, 240, 0.2],
  [1.1, 1.2, 260, 0.3],
  [1.2, 1.4, 300, 0.3],
  [1.4, 1.8, 380, 0.4],
  [1.6, 2.2, 456, 0.4],
  [1.8, 2.6, 528, 0.5],
  [2.0, 3.1, 600, 0.5],
];
const LITE_SCALES: readonly Scale[] = [
  [1.0, 1.0, 224, 0.2],
  [1.0, 1.1, 240, 0.2],
  [1.1, 1.2, 260, 0.3],
  [1.2, 1.4, 280, 0.3],
  [1.4, 1.8, 300, 0.3],
];

/** Of the channels of ImageNet's pictures, from 0 to 1. */
const STD = [0.229, 0.224, 0.225];

const CONV_INITIALIZER = initializers.varianceScaling({ scale: 2, mode: 'fan_out' });
const DENSE_INITIALIZER = initializers.varianceScaling({
  ...{ scale: 1 / 3, mode: 'fan_out', distribution: 'uniform' },
});

/**
 * EfficientNet, B0 to B7: inverted residual blocks with squeeze and excitation. Takes values of 0 to
 * 255 and scales them itself. Tan and Le, arxiv.org/abs/1905.11946.
 *
 * @param options `isScaledTwice`: whether pictures are divided by the root of the standard deviation
 *   once more, which Keras does for the weights of ImageNet
 */
export function efficientNet(
  index: number,
  { isScaledTwice = false }: { readonly isScaledTwice?: boolean } = {},
): Architecture {
  return architecture(`efficientnetb${index}`, SCALES[index]!, 'swish', isScaledTwice);
}

/**
 * EfficientNet-Lite, 0 to 4: without squeeze and excitation, with ReLU6; stem and head are not
 * scaled. Takes values of -1 to 1. The layers have the names that Keras's EfficientNet would have.
 */
export function efficientNetLite(index: number): Architecture {
  return architecture(`efficientnetlite${index}`, LITE_SCALES[index]!, 'relu6');
}

function architecture(
  name: string,
  scale: Scale,
  activation: 'swish' | 'relu6',
  isScaledTwice = false,
): Architecture {
  const [, , size, rate] = scale;
  const make = new Maker(scale, activation, isScaledTwice);
  return {
    name,
    size,
    minSize: 32,
    features: (pictures) => make.features(pictures),
    neck: (features) => {
      const rows = layers.globalAveragePooling2d({ name: 'avg_pool' }).apply(features);
      return layers.dropout({ rate, name: 'top_dropout' }).apply(rows);
    },
    classifier: { kernelInitializer: DENSE_INITIALIZER },
    poolNames: { avg: 'avg_pool', max: 'max_pool' },
  };
}

/** Makes the layers of a network of one scale. */
class Maker {
  private readonly isLite: boolean;

  constructor(
    private readonly scale: Scale,
    private readonly activation: ActivationName,
    private readonly isScaledTwice: boolean,
  ) {
    this.isLite = activation === 'relu6';
  }

  features(pictures: SymbolicTensor): SymbolicTensor {
    const blocks = STACKS.flatMap((stack, i) =>
      Array.from({ length: this.repeats(i) }, (_, j) => ({
        ...stack,
        strides: j === 0 ? stack.strides : 1,
        name: `block${i + 1}${String.fromCharCode(97 + j)}_`,
        expansion: i === 0 ? 1 : EXPANSION,
        filters: this.wider(stack.filters),
      })),
    );
    const x = blocks.reduce(
      (y, block, i) => this.block(y, { ...block, dropRate: (DROP_RATE * i) / blocks.length }),
      this.stem(pictures),
    );
    const filters = this.isLite ? TOP_FILTERS : this.wider(TOP_FILTERS);
    const top = this.conv(x, 'top_conv', { filters, kernelSize: 1 });
    return this.activate(normalize(top, 'top_bn'), 'top_activation');
  }

  /** Filters in this scale: a multiple of eight, and not more than a tenth too few. */
  private wider(filters: number): number {
    const wanted = filters * this.scale[0];
    const rounded = Math.max(8, Math.floor((wanted + 4) / 8) * 8);
    return rounded < 0.9 * wanted ? rounded + 8 : rounded;
  }

  private repeats(stack: number): number {
    const { repeats } = STACKS[stack]!;
    const isFixed = this.isLite && (stack === 0 || stack === STACKS.length - 1);
    return isFixed ? repeats : Math.ceil(this.scale[1] * repeats);
  }

  private stem(pictures: SymbolicTensor): SymbolicTensor {
    const filters = this.isLite ? STEM_FILTERS : this.wider(STEM_FILTERS);
    const { from, padding } = this.padded(this.scaled(pictures), 3, 'stem_conv_pad');
    const x = this.conv(from, 'stem_conv', { filters, kernelSize: 3, strides: 2, padding });
    return this.activate(normalize(x, 'stem_bn'), 'stem_activation');
  }

  private scaled(pictures: SymbolicTensor): SymbolicTensor {
    if (this.isLite) return pictures;
    const x = layers.rescaling({ scale: 1 / 255, name: 'rescaling' }).apply(pictures);
    const y = layers.normalization({ name: 'normalization' }).apply(x);
    if (!this.isScaledTwice) return y;
    const scale = STD.map((each) => 1 / Math.sqrt(each));
    return layers.rescaling({ scale, name: 'rescaling_1' }).apply(y);
  }

  private block(x: SymbolicTensor, block: Block): SymbolicTensor {
    const { name, filters, strides, expansion, dropRate } = block;
    const channels = x.shape[2]!;
    const expanded = expansion === 1 ? x : this.expand(x, expansion * channels, name);
    const filtered = this.depthwise(expanded, block);
    const weighed = this.isLite ? filtered : this.squeeze(filtered, Math.floor(channels / 4), name);
    const projected = this.conv(weighed, `${name}project_conv`, { filters, kernelSize: 1 });
    const y = normalize(projected, `${name}project_bn`);
    if (strides !== 1 || channels !== filters) return y;
    const noiseShape = [null, 1, 1, 1];
    const dropped =
      dropRate === 0
        ? y
        : layers.dropout({ rate: dropRate, noiseShape, name: `${name}drop` }).apply(y);
    return layers.add({ name: `${name}add` }).apply([dropped, x]);
  }

  private expand(x: SymbolicTensor, filters: number, name: string): SymbolicTensor {
    const y = this.conv(x, `${name}expand_conv`, { filters, kernelSize: 1 });
    return this.activate(normalize(y, `${name}expand_bn`), `${name}expand_activation`);
  }

  private depthwise(x: SymbolicTensor, { name, kernelSize, strides }: Block): SymbolicTensor {
    const { from, padding } =
      strides === 1
        ? { from: x, padding: 'same' as const }
        : this.padded(x, kernelSize, `${name}dwconv_pad`);
    const y = layers
      .depthwiseConv2d({
        ...{ kernelSize, strides, padding, useBias: false, name: `${name}dwconv` },
        depthwiseInitializer: CONV_INITIALIZER,
      })
      .apply(from);
    return this.activate(normalize(y, `${name}bn`), `${name}activation`);
  }

  /** Weighs the channels by what the whole picture shows. */
  private squeeze(x: SymbolicTensor, filters: number, name: string): SymbolicTensor {
    const channels = x.shape[2]!;
    const means = layers.globalAveragePooling2d({ name: `${name}se_squeeze` }).apply(x);
    const pixel = layers
      .reshape({ targetShape: [1, 1, channels], name: `${name}se_reshape` })
      .apply(means);
    const { activation } = this;
    const fewer = this.conv(pixel, `${name}se_reduce`, {
      ...{ filters: Math.max(1, filters), kernelSize: 1, useBias: true, activation },
    });
    const shares = this.conv(fewer, `${name}se_expand`, {
      ...{ filters: channels, kernelSize: 1, useBias: true, activation: 'sigmoid' },
    });
    return layers.multiply({ name: `${name}se_excite` }).apply([x, shares]);
  }

  /** Padding for stride 2: Keras's networks have a layer for it, and the Lite ones have not. */
  private padded(
    x: SymbolicTensor,
    kernelSize: number,
    name: string,
  ): { readonly from: SymbolicTensor; readonly padding: 'same' | 'valid' } {
    if (this.isLite) return { from: x, padding: 'same' };
    return { from: correctPad(x, kernelSize, name), padding: 'valid' };
  }

  private conv(x: SymbolicTensor, name: string, options: layers.Conv2dOptions): SymbolicTensor {
    return layers
      .conv2d({
        ...{ padding: 'same', useBias: false, kernelInitializer: CONV_INITIALIZER, name },
        ...options,
      })
      .apply(x);
  }

  private activate(x: SymbolicTensor, name: string): SymbolicTensor {
    return layers.activation({ activation: this.activation, name }).apply(x);
  }
}

/** One block. */
interface Block {
  /** Begins the names of its layers. */
  readonly name: string;
  readonly kernelSize: number;
  readonly strides: number;
  readonly filters: number;
  /** How many times more channels it has inside. */
  readonly expansion: number;
  /** How often the block is left out in training. */
  readonly dropRate: number;
}

function normalize(x: SymbolicTensor, name: string): SymbolicTensor {
  return layers.batchNormalization({ name }).apply(x);
}
