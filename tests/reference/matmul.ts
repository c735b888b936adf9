import { size, type Array64 } from './array.js';
import {
  affine,
  affineBackward,
  contract,
  contractBackward,
  type AffineGradients,
  type Contraction,
  type Epilogue,
} from './contraction.js';

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** [m, k] x [k, n]; a transposed operand is stored as [k, m] or [n, k]. */
function product(a: readonly number[], b: readonly number[], options: MatmulOptions): Contraction {
  const { transposeA = false, transposeB = false } = options;
  const [m, depth] = transposeA ? [a[1]!, a[0]!] : [a[0]!, a[1]!];
  const [n, depthB] = transposeB ? [b[0]!, b[1]!] : [b[1]!, b[0]!];
  if (depth !== depthB) throw new Error('inner sizes differ');
  return {
    shape: [m, n],
    products: (visit) => {
      for (let row = 0; row < m; row++)
        for (let column = 0; column < n; column++)
          for (let p = 0; p < depth; p++)
            visit(
              transposeA ? p * m + row : row * depth + p,
              transposeB ? column * depth + p : p * n + column,
              row * n + column,
            );
    },
  };
}

/** x [..., k], w [k, n]. */
function denseProduct(x: readonly number[], w: readonly number[]): Contraction {
  const leading = x.slice(0, -1);
  const flat = product([size(leading), x.at(-1)!], w, {});
  return { shape: [...leading, w[1]!], products: flat.products };
}

export function matmul(a: Array64, b: Array64, options: MatmulOptions = {}): Array64 {
  return contract(product(a.shape, b.shape, options), a, b);
}

export function matmulBackward(
  a: Array64,
  b: Array64,
  dy: Array64,
  options: MatmulOptions = {},
): [da: Array64, db: Array64] {
  return contractBackward(product(a.shape, b.shape, options), a, b, dy);
}

export function dense(x: Array64, w: Array64, epilogue: Epilogue = {}): Array64 {
  return affine(denseProduct(x.shape, w.shape), x, w, epilogue);
}

export function denseBackward(
  x: Array64,
  w: Array64,
  dy: Array64,
  epilogue: Epilogue = {},
): AffineGradients {
  return affineBackward(denseProduct(x.shape, w.shape), x, w, dy, epilogue);
}
