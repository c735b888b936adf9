import { FoveaError } from '../../errors.js';

/**
 * Dimensions of a batch, counted from its front and in ascending order.
 *
 * @param axis one or several; negative ones count from the end
 * @param rank of a batch
 * @throws FoveaError SHAPE when one of them is not a dimension of samples, or is named twice
 */
export function sampleAxes(
  layer: string,
  axis: number | readonly number[],
  rank: number,
): readonly number[] {
  const list = [axis].flat();
  const axes = list.map((each) => (each < 0 ? each + rank : each)).sort((a, b) => a - b);
  const isValid = (each: number): boolean => Number.isInteger(each) && each >= 1 && each < rank;
  if (axes.every(isValid) && new Set(axes).size === axes.length) return axes;
  throw new FoveaError(
    'SHAPE',
    `${layer}: axis must name dimensions of batches of rank ${rank}, from 1 or -1 on, got ` +
      JSON.stringify(axis),
  );
}
