// A network of Keras layers as a function of jax-js: pictures are [n, channels, height, width] inside.

/**
 * @param weights one list per layer
 * @param x [n, height, width, channels]
 * @param key of dropout, in training; without it nothing is dropped, and normalization takes its averages
 */
export function forward(jax, layers, weights, x, key) {
  const uses = new Map();
  for (const name of layers.flatMap(({ inputs }) => inputs))
    uses.set(name, (uses.get(name) ?? 0) + 1);
  const picture = jax.numpy.transpose(x, [0, 3, 1, 2]);
  const values = new Map([[layers[0].inputs[0], picture]]);
  const take = (name) => {
    const left = uses.get(name) - 1;
    uses.set(name, left);
    return left > 0 ? values.get(name).ref : values.get(name);
  };
  layers.forEach(({ className, name, config, inputs }, i) => {
    const layer = kinds[className];
    if (!layer) throw new Error(`no ${className} for jax-js`);
    const y = layer(jax, inputs.map(take), weights[i], config, key && jax.random.key(i), key);
    values.set(name, activation(jax, y, config.activation));
  });
  return values.get(layers.at(-1).name);
}

/** Mean cross-entropy. */
export function lossOf(jax, layers, weights, x, labels, key) {
  const { numpy: np } = jax;
  const p = forward(jax, layers, weights, x, key);
  const samples = labels.shape[0];
  return np.negative(np.sum(labels.mul(np.log(p.add(1e-7))))).div(samples);
}

function activation(jax, y, name = 'linear') {
  return name === 'linear' ? y : jax.nn[name](y);
}

const channels = (a) => a.reshape([1, a.shape[0], 1, 1]);

const kinds = {
  Conv2D: ({ lax }, [x], [kernel, bias], { strides, padding }) =>
    lax.convGeneralDilated(x, kernel, [strides].flat(), padding.toUpperCase()).add(channels(bias)),
  BatchNormalization: (
    { numpy: np },
    [x],
    [gamma, beta, mean, variance],
    { epsilon },
    own,
    key,
  ) => {
    if (key) {
      own.dispose?.();
      const centered = x.ref.sub(np.mean(x, [0, 2, 3], { keepdims: true }));
      const spread = np.mean(np.square(centered.ref), [0, 2, 3]);
      const factor = gamma.mul(np.reciprocal(np.sqrt(spread.add(epsilon))));
      return centered.mul(channels(factor)).add(channels(beta));
    }
    const scale = gamma.mul(np.reciprocal(np.sqrt(variance.add(epsilon))));
    const shift = beta.sub(mean.mul(scale.ref));
    return x.mul(channels(scale)).add(channels(shift));
  },
  Dense: ({ numpy: np }, [x], [kernel, bias]) => np.matmul(x, kernel).add(bias),
  Activation: (_, [x]) => x,
  Add: (_, [a, b]) => a.add(b),
  MaxPooling2D: ({ lax, numpy: np }, [x], _, { poolSize, strides }) =>
    lax.reduceWindow(x, np.max, [poolSize].flat(), [strides ?? poolSize].flat()),
  ZeroPadding2D: ({ numpy: np }, [x], _, { padding }) =>
    np.pad(x, [
      [0, 0],
      [0, 0],
      ...([padding].flat(2).length === 4 ? padding : [padding[0], padding[1]]),
    ]),
  GlobalAveragePooling2D: ({ numpy: np }, [x]) => np.mean(x, [2, 3]),
  Flatten: ({ numpy: np }, [x]) => np.transpose(x, [0, 2, 3, 1]).reshape([x.shape[0], -1]),
  Dropout: ({ numpy: np, random }, [x], _, { rate }, own, key) => {
    if (!key) return x;
    own.dispose?.();
    const kept = random.bernoulli(key.ref, 1 - rate, x.shape);
    return np.where(kept, x.div(1 - rate), 0);
  },
};
