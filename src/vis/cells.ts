import type { ConfusionMatrix } from './confusion.js';
import { mix, type Rgb } from './palette.js';

/** How a cell of a confusion matrix is painted; undefined: an empty cell, in the page's own colours. */
export interface CellColors {
  readonly fill: Rgb | undefined;
  readonly ink: Rgb | undefined;
}

const right: readonly [Rgb, Rgb] = [
  [207, 226, 243],
  [0, 84, 147],
];
const wrong: readonly [Rgb, Rgb] = [
  [252, 228, 206],
  [186, 74, 0],
];

/** The colours of every cell, by its share of the row: blue on the diagonal, orange elsewhere. */
export function cellColors({ counts }: ConfusionMatrix): CellColors[][] {
  return counts.map((row, truth) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, predicted) => {
      if (count === 0) return { fill: undefined, ink: undefined };
      const share = count / total;
      const [pale, strong] = truth === predicted ? right : wrong;
      // Mistakes are rare: the square root makes even a few percent visible.
      const fill = mix(pale, strong, truth === predicted ? share : Math.sqrt(share));
      const light = 0.299 * fill[0] + 0.587 * fill[1] + 0.114 * fill[2] > 140;
      return { fill, ink: light ? [20, 24, 30] : [255, 255, 255] };
    });
  });
}
