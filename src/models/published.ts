import type { ZooName } from './zoo.js';

/** A file of weights, as its makers publish it. */
export interface PublishedFile {
  readonly url: string;
  /** Undefined where Keras publishes none. */
  readonly md5: string | undefined;
}

/** Addresses begin with this, unless `FOVEA_MIRROR` is set to another beginning. */
const ORIGIN = 'https://storage.googleapis.com';
const FOLDER = '/tensorflow/keras-applications/';
const KERNELS = 'weights_tf_dim_ordering_tf_kernels';

/** Path with the top, path without, and the md5 of both: those in Keras's sources. */
type Row = readonly [top: string, noTop: string, md5?: readonly [top: string, noTop: string]];

function row(start: string, top: string, noTop: string): Row {
  const path = `${FOLDER}${start}_${KERNELS}`;
  return [`${path}.h5`, `${path}_notop.h5`, [top, noTop]];
}

function efficientNet(index: number, top: string, noTop: string): Row {
  const path = `/keras-applications/efficientnetb${index}`;
  return [`${path}.h5`, `${path}_notop.h5`, [top, noTop]];
}

const MOBILENET = `${FOLDER}mobilenet_v2/mobilenet_v2_${KERNELS}_1.0_224`;

const ROWS: Partial<Record<ZooName, Row>> = {
  vgg16: row('vgg16/vgg16', '64373286793e3c8b2b4e3219cbf3544b', '6d6bbae143d832006294945121d1f1fc'),
  vgg19: row('vgg19/vgg19', 'cbe5617147190e668d6c5d5026f83318', '253f8cb515780f3b799900260a226db6'),
  resNet50: row(
    'resnet/resnet50',
    '2cb95161c43110f7111970584f804107',
    '4d473c1dd8becc155b73f8504c6f6626',
  ),
  resNet101: row(
    'resnet/resnet101',
    'f1aeb4b969a6efcfb50fad2f0c20cfc5',
    '88cf7a10940856eca736dc7b7e228a21',
  ),
  resNet152: row(
    'resnet/resnet152',
    '100835be76be38e30d865e96f2aaae62',
    'ee4c566cf9a93f14d82f913c2dc6dd0c',
  ),
  inceptionV3: row(
    'inception_v3/inception_v3',
    '9a0d58056eeedaa3f26cb7ebd46da564',
    'bcbd6486424b2319ff4ef7d526e38f63',
  ),
  mobileNetV2: [`${MOBILENET}.h5`, `${MOBILENET}_no_top.h5`],
  efficientNetB0: efficientNet(
    0,
    '902e53a9f72be733fc0bcb005b3ebbac',
    '50bc09e76180e00e4465e1a485ddc09d',
  ),
  efficientNetB1: efficientNet(
    1,
    '1d254153d4ab51201f1646940f018540',
    '74c4e6b3e1f6a1eea24c589628592432',
  ),
  efficientNetB2: efficientNet(
    2,
    'b15cce36ff4dcbd00b6dd88e7857a6ad',
    '111f8e2ac8aa800a7a99e3239f7bfb39',
  ),
  efficientNetB3: efficientNet(
    3,
    'ffd1fdc53d0ce67064dc6a9c7960ede0',
    'af6d107764bb5b1abb91932881670226',
  ),
  efficientNetB4: efficientNet(
    4,
    '18c95ad55216b8f92d7e70b3a046e2fc',
    'ebc24e6d6c33eaebbd558eafbeedf1ba',
  ),
  efficientNetB5: efficientNet(
    5,
    'ace28f2a6363774853a83a0b21b9421a',
    '38879255a25d3c92d5e44e04ae6cec6f',
  ),
  efficientNetB6: efficientNet(
    6,
    '165f6e37dce68623721b423839de8be5',
    '9ecce42647a20130c1f39a5d4cb75743',
  ),
  efficientNetB7: efficientNet(
    7,
    '8c03f828fec3ef71311cd463b6759d99',
    'cbcfe4450ddf6f3ad90b1b398090fe4a',
  ),
};

/** The weights that Keras publishes for a network; undefined where there are none. */
export function publishedFile(name: ZooName, includeTop: boolean): PublishedFile | undefined {
  const found = ROWS[name];
  if (!found) return undefined;
  const [top, noTop, md5] = found;
  const origin = process.env['FOVEA_MIRROR'] ?? ORIGIN;
  return { url: `${origin}${includeTop ? top : noTop}`, md5: md5?.[includeTop ? 0 : 1] };
}
