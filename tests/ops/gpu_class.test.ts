import { beforeAll, describe } from 'vitest';
import { convFamilies } from '../cases/conv.js';
import { layerNormFamilies } from '../cases/layer_norm.js';
import { lossFamilies } from '../cases/losses.js';
import { normFamilies } from '../cases/norm.js';
import { poolFamilies } from '../cases/pool.js';
import { reduceFamilies } from '../cases/reduce.js';
import { resizeFamilies } from '../cases/resize.js';
import { rowLossFamilies } from '../cases/row_losses.js';
import { testFamilies } from '../harness.js';
import { asOnGpu } from '../setup.js';

// Kernels that share out their work otherwise on a software adapter.
const families = [
  ...normFamilies,
  ...layerNormFamilies,
  ...lossFamilies,
  ...rowLossFamilies,
  ...poolFamilies,
  ...reduceFamilies,
  ...resizeFamilies,
  ...convFamilies.filter(({ op }) => op === 'depthwiseConv2d'),
];

describe('shared out as on a GPU', () => {
  testFamilies(families);
  beforeAll(() => {
    asOnGpu();
  });
});
