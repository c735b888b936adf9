import { noGrad } from '../autograd.js';
import { elementWindows } from '../ops/elementwise.js';
import { fill, reshape } from '../ops/index.js';
import { part, run } from '../ops/run.js';
import { keep } from '../scope.js';
import type { Shape } from '../shape.js';
import { tensor, type Tensor } from '../tensor.js';

/** Keras's numbers. */
const INITIAL = 32768;
const GROWTH = 2000;
const WG = 64;

/**
 * Dynamic loss scaling, for mixed precision. Gradients are computed of the loss times a scale, so that
 * float16 does not lose small ones. A step in which one of them overflows changes no weight, and halves
 * the scale; 2,000 good steps in a row double it. All of this is on the GPU: nothing is read.
 */
export class LossScale {
  private made: Record<'scale' | 'steps' | 'overflow', Tensor> | undefined;

  /** What is kept between steps: the scale, and the number of good steps since it changed. */
  state(): Map<string, Tensor> {
    const { scale, steps } = this.tensors();
    return new Map([
      ['scale', scale],
      ['steps', steps],
    ]);
  }

  /** The scale, as the gradient that `backward` begins with, for a loss of that shape. */
  seed(shape: Shape): Tensor {
    return noGrad(() => reshape(this.scale, shape));
  }

  /** The scale: []. */
  get scale(): Tensor {
    return this.tensors().scale;
  }

  /** 1 where `check` found an infinity or NaN, else 0: [1], int32. */
  get overflow(): Tensor {
    return this.tensors().overflow;
  }

  /** Notes whether there is an infinity or NaN in the gradients. */
  check(gradients: readonly Tensor[]): void {
    const { overflow } = this;
    const name = 'loss_scale_check';
    for (const gradient of gradients) {
      for (const window of elementWindows(name, gradient)) {
        const n4 = Math.ceil(window.rows / 4);
        const operands = { g: part(gradient, 1, window), overflow };
        run(name, name, { WG }, operands, { n: window.rows, n4 }, Math.ceil(n4 / WG));
      }
    }
  }

  /** Ends a step: changes the scale where it is due. */
  update(): void {
    run('loss_scale_update', 'loss_scale_update', {}, this.tensors(), { growth: GROWTH }, 1);
  }

  /** Frees what is kept between steps; the next step begins anew. */
  dispose(): void {
    for (const each of Object.values(this.made ?? {})) each.dispose();
    this.made = undefined;
  }

  private tensors(): Record<'scale' | 'steps' | 'overflow', Tensor> {
    return (this.made ??= {
      scale: keep(fill([], INITIAL)),
      steps: keep(tensor(Int32Array.of(0))),
      overflow: keep(tensor(Int32Array.of(0))),
    });
  }
}
