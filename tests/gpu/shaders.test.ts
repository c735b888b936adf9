import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import type { Flags } from '../../src/gpu/template.js';
import { TILES } from '../../src/ops/tiles.js';
import { shaderSources } from '../../src/shaders/embedded.js';
import { openGpu } from '../setup.js';

const binary = 'ADD SUB MUL DIV MAXIMUM MINIMUM EQUAL GREATER GREATER_EQUAL A_WINS B_WINS'.split(
  ' ',
);
const unary = (
  'RELU RELU6 SIGMOID TANH SWISH EXP LOG SQRT RSQRT SQUARE ABS SIGN CLIP POW PIECEWISE ELU GELU ' +
  'GELU_TANH HARD_SIGMOID HARD_SWISH MISH SOFTPLUS SOFTSIGN'
).split(' ');
const rowKinds =
  'SQUARED ABSOLUTE HUBER LOG_COSH BINARY BINARY_FOCAL CATEGORICAL_FOCAL DIVERGENCE'.split(' ');
const fills = 'FILL_CONSTANT FILL_NEAREST FILL_REFLECT FILL_WRAP'.split(' ');
const each = (names: readonly string[]): Flags[] =>
  names.map((name) => ({ WG: 64, EACH: 4, [name]: true }));
const vectors: Flags[] = [
  { T: 'vec4f', VEC: true },
  { T: 'f32', VEC: false },
];
const norms: Flags[] = vectors.flatMap((v) =>
  [0, 5].map((ACTIVATION) => ({ WG: 64, ROWS: 16, ACTIVATION, ...v })),
);
const merges: Flags[] = vectors.flatMap(({ T }) => [
  { COLUMNS: 4, LANES: 64, SHARED: true, T: T! },
  { COLUMNS: 64, LANES: 1, SHARED: false, T: T! },
]);
const rows: Flags[] = vectors.flatMap((v) => [
  { WG: 8, SHARED: false, LABELS: true, ...v },
  { WG: 64, SHARED: true, LOG: true, PROBS: true, ...v },
]);
const rowLosses: Flags[] = rows.flatMap((v) =>
  [
    ...each(rowKinds),
    { BINARY: true, LOGITS: true },
    { BINARY_FOCAL: true, LOGITS: true, BALANCED: true },
  ].map((flags) => ({ EACH: 4, ...v, ...flags })),
);
const affines: Flags[] = vectors.flatMap((v) =>
  each(fills).flatMap((fill) => [true, false].map((NEAREST) => ({ ...v, ...fill, NEAREST }))),
);
const matrixTile: Flags = {
  ...{ BM: 64, NT: 64, BK: 32, SM: 32, SN: 32, MM: 16, MN: 16, MK: 16, SG: 32 },
  ...{ INVOCATIONS: 128, EMULATED: true, H: 'f32' },
};
const tiles = TILES.map(({ flags }) => flags);
const optimizers = Object.fromEntries(
  'adadelta adagrad adam adamax lion nadam rmsprop sgd'.split(' ').map((name) => [
    `optimizer_${name}`,
    [
      { WG: 64, EACH: 4, COUNT: 1, SLOTS: 3, AMSGRAD: true, CENTERED: true },
      { WG: 64, EACH: 1, COUNT: 1, SLOTS: 2, MOMENTUM: true, CLIP_NORM: true, LOSS_SCALE: true },
      { WG: 64, EACH: 4, COUNT: 2, SLOTS: 1, CLIP_VALUE: true },
    ],
  ]),
);

/** Windows of the depthwise kernels, and the flags that ops/depthwise.ts computes from them. */
const depthwise: Flags[] = [true, false].flatMap((VEC) =>
  [
    { K: 3, S: 1, COLS: 6, D: 3 },
    { K: 5, S: 2, COLS: 11, D: 3 },
  ].map((window) => ({ WG: 64, EACH: 4, VEC, P: 4, ...window })),
);

/** Flags to compile with, where the ones in `DEFAULT` are not enough. */
const FLAGS: Readonly<Record<string, readonly Flags[]>> = {
  binary: [
    ...each(binary),
    { WG: 64, EACH: 4, ADD: true, SCALAR_A: true },
    { WG: 64, EACH: 4, ADD: true, SCALAR_B: true },
  ],
  binary_broadcast: each(binary).flatMap((flags) => [
    { ...flags, D: 6, A: 'f32', B: 'f32', Y: 'f32', FOURS: false },
    { ...flags, D: 2, A: 'vec4f', B: 'f32', Y: 'vec4f', FOURS: true },
  ]),
  unary: each(unary),
  unary_grad: each(unary),
  reduce: [
    ...['f32', 'vec4f'].flatMap((T) => each(['SUM', 'MAX']).map((flags) => ({ ...flags, T }))),
    { WG: 64, EACH: 4, T: 'f32', ARGMAX: true },
  ],
  softmax: rows,
  softmax_grad: rows,
  cross_entropy: rows,
  cross_entropy_grad: rows,
  layer_norm: rows,
  layer_norm_grad: rows,
  reduce_rows: rows.flatMap((v) => each(['SUM', 'MAX']).map((flags) => ({ ...flags, ...v }))),
  row_loss: rowLosses,
  row_loss_grad: rowLosses,
  affine: affines,
  affine_grad: affines,
  exact_sum: [{ WG: 64, EACH: 4, WORDS: 6 }],
  gemm_pack: [true, false].map((MIXED) => ({ WG: 64, EACH: 4, RUN: 8, NT: 64, MIXED })),
  gemm_simt: tiles.flatMap((tile) =>
    [0, 5].map((ACTIVATION) => ({
      ...{ ...tile, ACTIVATION, MIXED: ACTIVATION > 0, RESIDUAL: ACTIVATION > 0 },
      ...{ NORM: ACTIVATION > 0, NORM_ACTIVATION: ACTIVATION, MOMENTS: ACTIVATION === 0 },
    })),
  ),
  // Workgroup memory for all tiles is not everywhere.
  gemm_sgmat: [{ ...matrixTile, ACTIVATION: 0, MOMENTS: true }],
  filter_sgmat: [matrixTile],
  filter_simt: tiles.flatMap((tile) => [tile, { ...tile, NORM: true, NORM_ACTIVATION: 5 }]),
  add_activation: [{ WG: 64, EACH: 4, ACTIVATION: 1 }],
  multiply_add: [{ WG: 64 }],
  gemv_lanes: [{ S: 8, C: 8, NT: 256, ACTIVATION: 0 }],
  gemm_lanes: [true, false].flatMap((LONG) =>
    [true, false].map((SHUFFLE) => ({ S: 8, SHUFFLE, G: 4, NT: 32, LONG, ACTIVATION: 0 })),
  ),
  winograd_filter: [{ WG: 64, EACH: 4, NT: 32 }],
  max_pool_grad_tiles: ['f32', 'vec4f'].map((T) => ({ WG: 64, EACH: 4, T, KH: 2, KW: 3 })),
  depthwise: depthwise.map((flags) => ({ ...flags, ACTIVATION: 2 })),
  depthwise_grad_filter: depthwise,
  depthwise_grad_input: [
    { WG: 64, EACH: 4, VEC: true, P: 4, K: 3, S: 1, COLS: 6, BACK: 2 },
    { WG: 64, EACH: 4, VEC: false, P: 4, K: 5, S: 2, COLS: 4, BACK: 2 },
  ],
  filter_lanes: [true, false].map((SHUFFLE) => ({ S: 8, SHUFFLE, P: 2 })),
  batch_norm: norms,
  batch_norm_grad: norms,
  batch_norm_grad_sums: norms,
  batch_norm_grad_merge: merges,
  moments_merge: merges,
  conv_taps: [{ WG: 64, EACH: 4, C: 3 }],
  copy_strided: [
    { WG: 64, EACH: 4, D: 6, V: 'u32' },
    { WG: 64, EACH: 4, D: 1, V: 'vec4u' },
  ],
  gemm_merge: [
    { WG: 64, EACH: 4, FOURS: true, IN_ORDER: true, ACTIVATION: 0 },
    { WG: 64, EACH: 4, FOURS: false, IN_ORDER: false, ACTIVATION: 5, RESIDUAL: true },
  ],
  ...optimizers,
  moving_averages: [true, false].map((FINITE) => ({ WG: 64, EACH: 4, FINITE })),
};
const DEFAULT: readonly Flags[] = [{ WG: 64, EACH: 4, T: 'f32' }];

const names = Object.keys(shaderSources);
const entries = names.filter((name) => !name.startsWith('lib/'));

it.each(names)('%s begins with a comment, and a kernel says its grid', (name) => {
  const header = /^(\/\/.*\n)+/.exec(shaderSources[name]!)?.[0] ?? '';
  expect(header.length).toBeGreaterThan(40);
  if (entries.includes(name)) expect(header).toContain('Grid: ');
});

it('every library file is included somewhere', () => {
  const included = new Set(
    Object.values(shaderSources).flatMap((text) =>
      [...text.matchAll(/^\s*#include (\S+)/gm)].map(([, path]) => path!),
    ),
  );
  expect(names.filter((name) => !entries.includes(name))).toEqual([...included].sort());
});

describe('on this adapter', () => {
  beforeAll(openGpu);
  afterAll(shutdown);

  it.each(entries)('%s compiles', async (name) => {
    const { kernels, recorder, gpu } = defaultDevice();
    // The subgroup kernels need a device with subgroups; elsewhere they are not used.
    if (shaderSources[name]!.includes('enable subgroups') && !gpu.features.has('subgroups')) return;
    const compiled = (FLAGS[name] ?? DEFAULT).map((flags) => kernels.get(name, flags));
    for (const { pipeline } of compiled) expect(pipeline).toBeDefined();
    await recorder.settled();
    for (const { failure, storage } of compiled) {
      expect(failure).toBeUndefined();
      expect(storage.some(({ writable }) => writable)).toBe(true);
    }
  });
});
