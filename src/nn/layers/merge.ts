import { FoveaError } from '../../errors.js';
import { add, concat, maximum, minimum, mul, reshape, sub } from '../../ops/index.js';
import { broadcastShape, formatShape, type Shape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { checkNumbers, withDefaults } from '../config.js';
import type { Fusion } from '../fuse.js';
import { Layer, ownOptions, type LayerOptions } from '../layer.js';
import type { Own } from './parameters.js';

/** Layers that make one result of several inputs. */
abstract class Merge extends Layer {
  /** Shape of one result. */
  protected abstract mergedShape(inputShapes: readonly Shape[]): Shape;

  /** Merges a batch of each input. */
  protected abstract merge(inputs: readonly Tensor[]): Tensor;

  override computeOutputShapes(inputShapes: readonly Shape[]): readonly Shape[] {
    if (inputShapes.length >= 2) return [this.mergedShape(inputShapes)];
    throw new FoveaError(
      'SHAPE',
      `${this.name}: needs at least two inputs, got ${inputShapes.length}`,
      { hint: `Call it on a list: layer.apply([a, b]).` },
    );
  }

  override callAll(inputs: readonly Tensor[]): readonly Tensor[] {
    return [this.merge(inputs)];
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return this.computeOutputShapes([inputShape])[0]!;
  }

  override call(): Tensor {
    throw new FoveaError('ARGUMENT', `${this.name}: needs several inputs`, {
      hint: 'Use callAll([a, b]), or apply([a, b]) in a network.',
    });
  }
}

/**
 * Merges element by element, with broadcasting along dimensions of size 1. Samples of lower rank
 * get such dimensions in front.
 */
abstract class ElementwiseMerge extends Merge {
  constructor(options: LayerOptions = {}) {
    super(options);
    withDefaults(this.name, ownOptions(options), {});
  }

  protected override mergedShape(inputShapes: readonly Shape[]): Shape {
    return inputShapes.reduce((a, b) => broadcastShape(this.name, a, b));
  }

  override callAll(inputs: readonly Tensor[]): readonly Tensor[] {
    const rank = Math.max(...inputs.map((x) => x.rank));
    return super.callAll(
      inputs.map((x) => {
        const [batch, ...sample] = x.shape;
        const front = Array.from({ length: rank - x.rank }, () => 1);
        return front.length === 0 ? x : reshape(x, [batch!, ...front, ...sample]);
      }),
    );
  }
}

/** Sum of the inputs. */
export class Add extends ElementwiseMerge {
  override get className(): string {
    return 'Add';
  }

  override get fusion(): Fusion | undefined {
    return this.constructor === Add ? { kind: 'add' } : undefined;
  }

  protected override merge(inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((a, b) => add(a, b));
  }
}

/** First input minus the second. */
export class Subtract extends ElementwiseMerge {
  override get className(): string {
    return 'Subtract';
  }

  protected override mergedShape(inputShapes: readonly Shape[]): Shape {
    if (inputShapes.length === 2) return super.mergedShape(inputShapes);
    throw new FoveaError('SHAPE', `${this.name}: needs two inputs, got ${inputShapes.length}`);
  }

  protected override merge([a, b]: readonly Tensor[]): Tensor {
    return sub(a!, b!);
  }
}

/** Product of the inputs, element by element. */
export class Multiply extends ElementwiseMerge {
  override get className(): string {
    return 'Multiply';
  }

  protected override merge(inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((a, b) => mul(a, b));
  }
}

/** Mean of the inputs. */
export class Average extends ElementwiseMerge {
  override get className(): string {
    return 'Average';
  }

  protected override merge(inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((a, b) => add(a, b)).div(inputs.length);
  }
}

/** Largest of the inputs, element by element. */
export class Maximum extends ElementwiseMerge {
  override get className(): string {
    return 'Maximum';
  }

  protected override merge(inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((a, b) => maximum(a, b));
  }
}

/** Smallest of the inputs, element by element. */
export class Minimum extends ElementwiseMerge {
  override get className(): string {
    return 'Minimum';
  }

  protected override merge(inputs: readonly Tensor[]): Tensor {
    return inputs.reduce((a, b) => minimum(a, b));
  }
}

/** Options of `layers.concatenate`. */
export interface ConcatenateOptions extends LayerOptions {
  /** Dimension of a batch along which the inputs are joined. Default -1: the last. */
  readonly axis?: number | undefined;
}

/** Joins the inputs along a dimension. */
export class Concatenate extends Merge {
  override get className(): string {
    return 'Concatenate';
  }
  protected override readonly config;

  constructor(options: ConcatenateOptions = {}) {
    super(options);
    const defaults = { axis: -1 };
    this.config = withDefaults<Own<ConcatenateOptions>>(
      this.className,
      ownOptions(options),
      defaults,
    );
    checkNumbers(this.name, this.config, { axis: { integer: true } });
  }

  protected override mergedShape(inputShapes: readonly Shape[]): Shape {
    const [first] = inputShapes as [Shape];
    const axis = this.axisOf(first.length + 1) - 1;
    const rest = (shape: Shape): string => shape.map((n, i) => (i === axis ? '*' : n)).join();
    if (axis < 0 || inputShapes.some((shape) => rest(shape) !== rest(first))) {
      throw new FoveaError(
        'SHAPE',
        `${this.name}: samples ${inputShapes.map(formatShape).join(', ')} cannot be joined along ` +
          `axis ${this.config.axis}`,
      );
    }
    const joined = inputShapes.reduce((sum, shape) => sum + shape[axis]!, 0);
    return first.map((n, i) => (i === axis ? joined : n));
  }

  protected override merge(inputs: readonly Tensor[]): Tensor {
    return concat(inputs, this.axisOf(inputs[0]!.rank));
  }

  private axisOf(rank: number): number {
    const { axis } = this.config;
    return axis < 0 ? axis + rank : axis;
  }
}
