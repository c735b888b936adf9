import { affineFamilies } from './affine.js';
import type { OpFamily } from './case.js';
import { convFamilies } from './conv.js';
import { elementwiseFamilies } from './elementwise.js';
import { layerNormFamilies } from './layer_norm.js';
import { lossFamilies } from './losses.js';
import { matmulFamilies } from './matmul.js';
import { movementFamilies } from './movement.js';
import { nonlinearFamilies } from './nonlinear.js';
import { normFamilies } from './norm.js';
import { poolFamilies } from './pool.js';
import { reduceFamilies } from './reduce.js';
import { resizeFamilies } from './resize.js';
import { rowLossFamilies } from './row_losses.js';

/** Every case of every op. An op occurs twice where its cases need two tolerances. */
export const families: readonly OpFamily[] = [
  ...convFamilies,
  ...matmulFamilies,
  ...poolFamilies,
  ...elementwiseFamilies,
  ...nonlinearFamilies,
  ...lossFamilies,
  ...rowLossFamilies,
  ...normFamilies,
  ...layerNormFamilies,
  ...reduceFamilies,
  ...movementFamilies,
  ...resizeFamilies,
  ...affineFamilies,
];
