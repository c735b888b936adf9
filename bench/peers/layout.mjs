// Values in fovea's order and in the one with channels first: pictures [n, c, h, w], filters [out, in, h, w].

const toFirst = { picture: [0, 3, 1, 2], filter: [3, 2, 0, 1], depthwise: [2, 3, 0, 1] };

/** The layout of an operand, by its name and rank. */
export function layoutOf(name, shape) {
  if (name === 'filter' || name === 'depthwise') return name;
  return shape.length === 4 ? 'picture' : 'plain';
}

/** An array with its channels first. */
export function channelsFirst(layout, { data, shape }) {
  const order = toFirst[layout];
  return order ? permuted(data, shape, order) : { data, shape };
}

/** The data of a result of `shape` (in fovea's order) that came with its channels first. */
export function channelsLast(layout, data, shape) {
  const order = toFirst[layout];
  if (!order) return data;
  const back = order.map((_, i) => order.indexOf(i));
  const first = order.map((d) => shape[d]);
  return permuted(data, first, back).data;
}

function permuted(data, shape, order) {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const size = order.map((d) => shape[d]);
  const step = order.map((d) => strides[d]);
  const result = new Float32Array(data.length);
  let at = 0;
  for (let i = 0; i < size[0]; i++) {
    for (let j = 0; j < size[1]; j++) {
      for (let k = 0; k < size[2]; k++) {
        for (let l = 0; l < size[3]; l++) {
          result[at++] = data[i * step[0] + j * step[1] + k * step[2] + l * step[3]];
        }
      }
    }
  }
  return { data: result, shape: size };
}
