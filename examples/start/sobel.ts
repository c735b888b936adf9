import {
  conv2d,
  datasets,
  relu,
  scope,
  sqrt,
  add,
  square,
  tensor,
  toGray,
  vis,
  type Image,
} from 'fovea';

/** A 6 x 6 slice of grey values, as in textbooks. */
const slice = [
  [20, 24, 11, 12, 16, 19],
  [19, 17, 20, 23, 15, 9],
  [21, 40, 25, 13, 14, 8],
  [9, 18, 8, 6, 11, 22],
  [31, 3, 7, 9, 17, 23],
  [20, 12, 3, 11, 19, 30],
];

/** Sobel's kernel for vertical edges. */
const kernel = [
  [1, 0, -1],
  [2, 0, -2],
  [1, 0, -1],
];

/** What the convolution must give, computed by hand. */
const expected = [
  [3, 27, 16, 26],
  [-8, 60, 24, 8],
  [22, 45, -5, -41],
  [66, 1, -39, -63],
];

/** The slice, convolved on the GPU and checked. Throws when a single value differs. */
export async function textbookSobel(): Promise<number[][]> {
  const result = scope(() => {
    const x = tensor(slice.flat(), [1, 6, 6, 1]);
    const w = tensor(kernel.flat(), [3, 3, 1, 1]);
    return conv2d(x, w).reshape([4, 4]);
  });
  const rows = (await result.array()) as number[][];
  result.dispose();
  if (JSON.stringify(rows) !== JSON.stringify(expected)) {
    throw new Error(`Sobel on the 6 x 6 slice gave ${JSON.stringify(rows)}`);
  }
  return rows;
}

/** A photograph and the strength of its edges. */
export async function photoEdges(): Promise<{ photo: Image; edges: Image }> {
  const photo = await datasets.photo('chelsea');
  const gray = toGray(photo);
  const { width, height } = gray;
  const magnitude = scope(() => {
    const x = tensor(Float32Array.from(gray.data), [1, height, width, 1]);
    const vertical = tensor(kernel.flat(), [3, 3, 1, 1]);
    const horizontal = vertical.reshape([3, 3]).transpose().reshape([3, 3, 1, 1]);
    const gx = conv2d(x, vertical, { padding: 'same' });
    const gy = conv2d(x, horizontal, { padding: 'same' });
    return sqrt(relu(add(square(gx), square(gy))));
  });
  const values = new Float32Array(await magnitude.data());
  magnitude.dispose();
  return { photo, edges: vis.heatmap(values, height, width, { map: vis.grays }) };
}
