import type { Row } from './row.js';
import { convolutionRows } from './rows/convolution.js';
import { depthwiseRows } from './rows/depthwise.js';
import { elementwiseRows } from './rows/elementwise.js';
import { matmulRows } from './rows/matmul.js';
import { networkRows } from './rows/networks.js';
import { normalizationRows } from './rows/normalization.js';
import { optimizerRows } from './rows/optimizer.js';
import { poolingRows } from './rows/pooling.js';
import { reductionRows } from './rows/reduction.js';
import { softmaxRows } from './rows/softmax.js';

/** The rows, the same for every library. */
export const rows: readonly Row[] = [
  ...matmulRows,
  ...convolutionRows,
  ...depthwiseRows,
  ...poolingRows,
  ...normalizationRows,
  ...softmaxRows,
  ...reductionRows,
  ...elementwiseRows,
  ...optimizerRows,
  ...networkRows,
];
