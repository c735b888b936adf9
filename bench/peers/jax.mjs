// jax-js on WebGPU, through the same Dawn binding and adapter as fovea; every row is one jitted
// function. Operations consume their arrays: what is used again is passed as `.ref`.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { readFileSync } from 'node:fs';
import { channelsFirst, channelsLast, layoutOf } from './layout.mjs';
import { forward, lossOf } from './jax_network.mjs';

const require = createRequire(import.meta.url);
let jax, np, lax;

export async function libraries() {
  jax = await import('@jax-js/jax');
  ({ numpy: np, lax } = jax);
  const found = await jax.init('webgpu');
  if (!found.includes('webgpu')) throw new Error('jax-js finds no WebGPU');
  jax.defaultDevice('webgpu');
  const folder = dirname(require.resolve('@jax-js/jax'));
  const { version } = JSON.parse(readFileSync(join(folder, '../package.json'), 'utf8'));
  return [{ name: `jax-js webgpu ${version}`, place: 'gpu', prepare }];
}

const conv = (x, filter, { strides }, groups = 1) =>
  lax.convGeneralDilated(x, filter, [strides, strides], 'SAME', { featureGroupCount: groups });
/** Gradient of `op` at `x` (which comes last), where the result has the gradient `dy`. */
const gradient = (op, x, dy) => jax.grad((a) => np.sum(np.multiply(op(a), dy)))(x);
const zeros = ([n, h, w, c]) => np.zeros([n, c, h, w]);
/** Filters [h, w, in, out]. */
const zeroFilter = ([h, w, i, o]) => np.zeros([o, i, h, w]);
const channelsOf = ([, , c]) => c;

/** Each takes the inputs of a row, its options and the shape of its result in fovea's order. */
const operations = {
  matmul: ({ a, b }) => np.matmul(a, b),
  conv2d: ({ x, filter }, options) => conv(x, filter, options),
  conv2dInputGradient: ({ dy, filter }, options, shape) =>
    gradient((x) => conv(x, filter, options), zeros(shape), dy),
  conv2dFilterGradient: ({ x, dy }, options, shape) =>
    gradient((filter) => conv(x, filter, options), zeroFilter(shape), dy),
  depthwiseConv2d: ({ x, depthwise }, options) => conv(x, depthwise, options, x.shape[1]),
  depthwiseInputGradient: ({ dy, depthwise }, options, shape) =>
    gradient((x) => conv(x, depthwise, options, shape[3]), zeros(shape), dy),
  depthwiseFilterGradient: ({ x, dy }, options, shape) =>
    gradient(
      (filter) => conv(x, filter, options, channelsOf(shape)),
      np.zeros([channelsOf(shape), 1, shape[0], shape[1]]),
      dy,
    ),
  maxPool2d: ({ x }) => maxPool(x),
  maxPool2dBothWays: ({ x, dy }) => gradient(maxPool, x, dy),
  batchNormBothWays: ({ x, gamma, beta, dy }) => {
    const [dx, dGamma, dBeta] = jax.grad((operands) => {
      const [a, g, b] = operands;
      return np.sum(np.multiply(batchNorm(a, g, b), dy));
    })([x, gamma, beta]);
    return [dx, dGamma, dBeta];
  },
  softmax: ({ x }) => jax.nn.softmax(x),
  meanOfRows: ({ x }) => np.mean(x, -1),
  add: ({ x, y }) => np.add(x, y),
  relu: ({ x }) => jax.nn.relu(x),
};

function maxPool(x) {
  return lax.reduceWindow(x, np.max, [2, 2], [2, 2]);
}

function batchNorm(x, gamma, beta) {
  const axis = [0, 2, 3];
  const centered = x.ref.sub(np.mean(x, axis, { keepdims: true }));
  const variance = np.mean(np.square(centered.ref), axis, { keepdims: true });
  const scale = np.reciprocal(np.sqrt(variance.add(1e-3)));
  const c = [1, gamma.shape[0], 1, 1];
  return centered.mul(scale).mul(gamma.reshape(c)).add(beta.reshape(c));
}

const arrayOf = ({ data, shape }) => np.array(data, { shape });

async function prepare(task) {
  const { row } = task;
  if (row.op === 'predict') return inference(task);
  if (row.op === 'trainStep') return training(task);
  const inputs = Object.fromEntries(
    Object.entries(task.inputs).map(([name, array]) => [
      name,
      arrayOf(channelsFirst(layoutOf(name, array.shape), array)),
    ]),
  );
  if (row.op === 'adamStep') return adam(inputs);
  const operation = operations[row.op];
  if (!operation) return 'not written for this library';
  const work = jax.jit((given) => operation(given, row.options, row.resultShape));
  return prepared(
    inputs,
    (given) => [work(given)].flat(),
    async ([y]) => channelsLast(row.result, await y.data(), row.resultShape),
  );
}

/** `work` gives a list of arrays, whose first one is the result. */
function prepared(inputs, work, read) {
  let last;
  return {
    start: () => {
      jax.tree.dispose(last);
      last = work(jax.tree.ref(inputs));
    },
    finish: () => jax.blockUntilReady(last),
    result: () => read(last.map((y) => y.ref)),
    dispose: () => jax.tree.dispose([last, inputs]),
  };
}

async function inference(task) {
  const { layers } = await task.network();
  const inputs = { x: arrayOf(task.inputs.x), weights: weightsOf(layers) };
  const work = jax.jit(({ x, weights }) => forward(jax, layers, weights, x));
  return prepared(
    inputs,
    (given) => [work(given)],
    ([y]) => y.data(),
  );
}

/** One array per weight, layer by layer. */
function weightsOf(layers) {
  return layers.map(({ weights }) =>
    weights.map(({ data, shape }) => {
      const layout = shape.length === 4 ? 'filter' : 'plain';
      return arrayOf(channelsFirst(layout, { data, shape }));
    }),
  );
}

/** Keeps `state` from step to step. */
function stepping(state, step, read) {
  let result;
  return {
    start: () => {
      jax.tree.dispose(result);
      [state, result] = step(state);
    },
    finish: () => jax.blockUntilReady([state, result]),
    result: () => read(state, result),
    dispose: () => jax.tree.dispose([state, result]),
  };
}

function adam({ w, g }) {
  const zero = () => np.zeros(w.shape);
  const step = jax.jit(({ w, m, v, t }, g) => {
    const t1 = t.add(1);
    const m1 = m.mul(0.9).add(g.ref.mul(0.1));
    const v1 = v.mul(0.999).add(np.square(g).mul(0.001));
    const rate = np
      .sqrt(np.subtract(1, np.power(0.999, t1.ref)))
      .div(np.subtract(1, np.power(0.9, t1.ref)))
      .mul(0.01);
    const w1 = w.sub(m1.ref.mul(rate).div(np.sqrt(v1.ref).add(1e-7)));
    return { w: w1, m: m1, v: v1, t: t1 };
  });
  const first = { w, m: zero(), v: zero(), t: np.array(0) };
  return stepping(
    first,
    (state) => [step(state, g.ref), undefined],
    (state) => state.w.ref.data(),
  );
}

async function training(task) {
  const { layers } = await task.network();
  const x = arrayOf(task.inputs.x);
  const labels = arrayOf({ data: task.labels, shape: [x.shape[0], 10] });
  const step = jax.jit(({ weights, squares, key }, given, labels) => {
    const [next, now] = jax.random.split(key);
    const [loss, gradients] = jax.valueAndGrad((w) => lossOf(jax, layers, w, given, labels, now))(
      jax.tree.ref(weights),
    );
    const rmsprop = jax.tree.map(
      (w, s, g) => {
        const square = s.mul(0.9).add(np.square(g.ref).mul(0.1));
        return { w: w.sub(g.mul(0.001).div(np.sqrt(square.ref.add(1e-7)))), square };
      },
      ...[weights, squares, gradients],
    );
    const part = (name) => rmsprop.map((layer) => layer.map((each) => each[name]));
    return [{ weights: part('w'), squares: part('square'), key: next }, loss];
  });
  const weights = weightsOf(layers);
  const squares = jax.tree.map((w) => np.zeros(w.shape), weights);
  return stepping(
    { weights, squares, key: jax.random.key(1) },
    (state) => step(state, x.ref, labels.ref),
    (_, loss) => loss.ref.data(),
  );
}
