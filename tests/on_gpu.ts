import { scope } from '../src/scope.js';
import { formatShape, sameShape } from '../src/shape.js';
import { tensor, type Tensor } from '../src/tensor.js';
import type { OpCase } from './cases/case.js';
import type { Array64 } from './reference/array.js';

/** Result and gradients of one case on the GPU. */
export interface Outcome {
  readonly y: ArrayLike<number>;
  readonly grads: readonly (ArrayLike<number> | undefined)[];
}

/**
 * Runs a case on the GPU, with gradients where they are wanted.
 *
 * @param halves of how many inputs, from the first on, the elements are float16
 */
export async function onGpu(
  test: OpCase,
  expected: Array64,
  dy: Array64,
  halves = 0,
): Promise<Outcome> {
  const inputs = test.inputs.map((input, i) => {
    const dtype = i < halves ? 'float16' : 'float32';
    return tensor(input.data, input.shape, { requiresGrad: test.differentiable[i]!, dtype });
  });
  const labels = (test.labels ?? []).map((l) => tensor(Int32Array.from(l.data), l.shape));
  // An operation may have other results than the one that is tested.
  const y = scope(() => test.gpu(inputs, labels));
  if (!sameShape(y.shape, expected.shape)) {
    throw new Error(
      `the shape is ${formatShape(y.shape)}, expected ${formatShape(expected.shape)}`,
    );
  }
  const made: Tensor[] = [...inputs, ...labels, y];
  if (test.differentiable.some(Boolean)) {
    const seed = tensor(dy.data, dy.shape);
    made.push(seed);
    y.backward(seed);
  }
  const [values, ...grads] = await Promise.all([
    y.data(),
    ...inputs.map((input) => input.grad?.data()),
  ]);
  for (const t of made) t.dispose();
  return { y: values, grads };
}
