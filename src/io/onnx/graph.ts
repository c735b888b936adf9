import { sizeOf, type Shape } from '../../shape.js';
import type { StoredTensor } from '../formats/array.js';
import type { Attribute, Initializer, OnnxNode } from './proto.js';

/**
 * A result in the graph that is written. ONNX's convolutions take [n, c, h, w]: a picture may have
 * a name in either order, and is reordered once where the other one is needed.
 */
export class Value {
  /**
   * @param shape of one sample, in fovea's order
   */
  constructor(
    readonly shape: Shape,
    private readonly names: { last?: string; first?: string },
    private readonly graph: OnnxGraph,
  ) {}

  /** Its name with the channels last, as in fovea. */
  get channelsLast(): string {
    return (this.names.last ??= this.graph.node('Transpose', [this.names.first!], {
      perm: { ints: [0, 2, 3, 1] },
    }));
  }

  /** Its name with the channels after the batch: of pictures. */
  get channelsFirst(): string {
    return (this.names.first ??= this.graph.node('Transpose', [this.names.last!], {
      perm: { ints: [0, 3, 1, 2] },
    }));
  }

  /** Its name in the order in which it is at hand, for operations on each element. */
  get any(): string {
    return this.names.last ?? this.names.first!;
  }

  /** The result `name` of an operation on each element of this value. */
  like(name: string): Value {
    const names = this.names.last === undefined ? { first: name } : { last: name };
    return new Value(this.shape, names, this.graph);
  }
}

/** Collects nodes and constants. */
export class OnnxGraph {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: Initializer[] = [];
  /** Name of the layer that nodes are added for. */
  scope = '';
  private count = 0;

  /** Adds an operation; returns the name of its result. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    const name = `${this.scope}/${op}_${this.count++}`;
    this.nodes.push({ op, name, inputs, output: name, attributes });
    return name;
  }

  /** Adds a constant of numbers. */
  floats(values: readonly number[] | Float32Array, shape: Shape = [values.length]): string {
    return this.constant({ dtype: 'float32', shape: [...shape], data: Float32Array.from(values) });
  }

  /** Adds a single number. */
  scalar(value: number): string {
    return this.floats([value], []);
  }

  /** Adds a constant of whole numbers: shapes and the like. */
  integers(values: readonly number[]): string {
    return this.constant({ dtype: 'int32', shape: [values.length], data: Int32Array.from(values) });
  }

  private constant(array: StoredTensor): string {
    const name = `${this.scope}/constant_${this.count++}`;
    this.initializers.push({ name, array });
    return name;
  }

  /** A value with the channels last. */
  last(shape: Shape, name: string): Value {
    return new Value(shape, { last: name }, this);
  }

  /** A picture with the channels first. */
  first(shape: Shape, name: string): Value {
    return new Value(shape, { first: name }, this);
  }

  /** Another shape for the samples of `name`. */
  reshape(name: string, shape: Shape): Value {
    return this.last(shape, this.node('Reshape', [name, this.integers([0, ...shape])]));
  }
}

/** The elements of an array with its dimensions in another order. */
export function permuted(array: StoredTensor, order: readonly number[]): StoredTensor {
  const shape = order.map((d) => array.shape[d]!);
  const data = new Float32Array(sizeOf(shape));
  const strides = array.shape.map((_, d) => sizeOf(array.shape.slice(d + 1)));
  const steps = order.map((d) => strides[d]!);
  const index = shape.map(() => 0);
  for (let i = 0, from = 0; i < data.length; i++) {
    data[i] = array.data[from]!;
    for (let d = shape.length - 1; d >= 0; d--) {
      from += steps[d]!;
      if (++index[d]! < shape[d]!) break;
      from -= steps[d]! * shape[d]!;
      index[d] = 0;
    }
  }
  return { dtype: 'float32', shape, data };
}
