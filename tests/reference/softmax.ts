import { zeros, type Array64 } from './array.js';

/** log(softmax) over the last axis, with the row maximum subtracted. */
export function logSoftmax(x: Array64): Array64 {
  const y = zeros(x.shape);
  const classes = x.shape.at(-1)!;
  for (let start = 0; start < x.data.length; start += classes) {
    const row = x.data.subarray(start, start + classes);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const total = row.reduce((sum, value) => sum + Math.exp(value - largest), 0);
    row.forEach((value, i) => {
      y.data[start + i] = value - largest - Math.log(total);
    });
  }
  return y;
}

export function softmax(x: Array64): Array64 {
  return { shape: x.shape, data: logSoftmax(x).data.map(Math.exp) };
}
