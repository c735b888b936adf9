import { run } from '../../ops/run.js';
import { keep } from '../../scope.js';
import { sizeOf, type Shape } from '../../shape.js';
import { tensor, type Tensor } from '../../tensor.js';
import { assign } from '../update.js';

const WG = 64;
/** u32 in each sum; see the shader. */
const WORDS = 6;

/**
 * Sums that live on the GPU, so that a training step reads nothing. Nothing is lost in them: counts
 * are exact, and a mean of a million batches is as good as that of one.
 */
export class ExactSums {
  private readonly sums: readonly Tensor[];

  /** @param shapes of the tensors that are summed up */
  constructor(private readonly shapes: readonly Shape[]) {
    this.sums = shapes.map((shape) => keep(tensor(zeros(shape), [sizeOf(shape), WORDS + 1])));
  }

  /** The sums as they are kept, for checkpoints. */
  get tensors(): readonly Tensor[] {
    return this.sums;
  }

  /** Adds a tensor to sum number `index`, element by element. */
  add(index: number, term: Tensor): void {
    const operands = { x: term, sums: this.sums[index]! };
    const n = term.size;
    run('exact sum', 'exact_sum', { WG, WORDS }, operands, { n }, Math.ceil(n / WG));
  }

  /** Reads the sums so far. NaN where a term was infinite or NaN. */
  async read(): Promise<Float64Array[]> {
    const all = await Promise.all(this.sums.map((sum) => sum.data()));
    return all.map((words) => {
      const unsigned = new Uint32Array(words.buffer);
      return Float64Array.from({ length: words.length / (WORDS + 1) }, (_, i) =>
        valueOf(unsigned.subarray(i * (WORDS + 1), (i + 1) * (WORDS + 1))),
      );
    });
  }

  /** Makes all sums 0. */
  reset(): void {
    this.sums.forEach((sum, i) => assign(sum, zeros(this.shapes[i]!)));
  }

  dispose(): void {
    for (const sum of this.sums) sum.dispose();
  }
}

function zeros(shape: Shape): Int32Array {
  return new Int32Array(sizeOf(shape) * (WORDS + 1));
}

function valueOf(words: Uint32Array): number {
  if (words[WORDS] !== 0) return NaN;
  const bits = words
    .subarray(0, WORDS)
    .reduceRight((high, word) => (high << 32n) | BigInt(word), 0n);
  return Number(BigInt.asIntN(32 * WORDS, bits)) * 2 ** -64;
}
