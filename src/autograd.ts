import { FoveaError } from './errors.js';
import { add } from './ops/binary.js';
import { cast } from './ops/cast.js';
import { fill } from './ops/fill.js';
import { chosenPrecision, withPrecision } from './precision.js';
import { keep, scope } from './scope.js';
import { formatShape, sameShape } from './shape.js';
import type { DType, FloatType, Tensor } from './tensor.js';

/** Computes the gradients of an operation's inputs; `needs[i]` says which are wanted. */
export type Backward = (
  dy: Tensor,
  saved: readonly Tensor[],
  needs: readonly boolean[],
) => readonly (Tensor | undefined)[];

let nextOrder = 1;
let recording = true;

/**
 * One entry of the tape. It is alive while its result, or an entry made from its result, is alive;
 * it owns handles to what it saved, and drops them when it has been used.
 */
export class Node {
  readonly order = nextOrder++;
  private references = 1;
  private used = false;

  constructor(
    readonly op: string,
    /** Of the result, and so of its gradient. */
    readonly dtype: DType,
    readonly inputs: readonly (Node | undefined)[],
    private saved: readonly Tensor[],
    private readonly back: Backward | undefined,
    /** The tensor whose `grad` is set; only for leaves. */
    readonly leaf?: Tensor,
  ) {
    for (const input of inputs) input?.retain();
  }

  /** Counts one more holder. */
  retain(): void {
    this.references++;
  }

  /** Counts one holder less; the last one frees what was saved. */
  release(): void {
    if (--this.references > 0) return;
    this.drop();
    for (const input of this.inputs) input?.release();
  }

  /** Gradients of the inputs, given the gradient of the result. Can be called once. */
  run(dy: Tensor): readonly (Tensor | undefined)[] {
    if (!this.back || this.used) {
      throw new FoveaError('ARGUMENT', `backward: the tape of ${this.op} has been used already`, {
        hint: 'Compute the loss again before a second backward().',
      });
    }
    this.used = true;
    const needs = this.inputs.map((input) => input !== undefined);
    const grads = this.back(dy, this.saved, needs);
    this.drop();
    return grads;
  }

  private drop(): void {
    for (const tensor of this.saved) tensor.dispose();
    this.saved = [];
  }
}

/**
 * Puts an operation on the tape, if a gradient is needed for any of its inputs.
 *
 * @param op its name, for errors
 * @param inputs the tensors it may need gradients for
 * @param output its result, which is returned
 * @param saved what `back` needs: handles of their own are kept until then
 * @param back the derivative; runs with recording off and in the precision of the operation, and its
 *   intermediates are freed
 */
export function record(
  op: string,
  inputs: readonly Tensor[],
  output: Tensor,
  saved: readonly Tensor[],
  back: Backward,
): Tensor {
  if (isRecorded(inputs)) {
    const precision = chosenPrecision();
    const handles = saved.map((tensor) => keep(tensor.detach()));
    output.node = new Node(
      op,
      output.dtype,
      inputs.map((input) => input.node),
      handles,
      (...args) => withPrecision(precision, () => back(...args)),
    );
  }
  return output;
}

/** The tape entry of a tensor that collects a gradient. */
export function accumulateLeaf(leaf: Tensor): Node {
  return new Node('leaf', leaf.dtype, [], [], undefined, leaf);
}

/** Whether an operation on these inputs goes on the tape. */
export function isRecorded(inputs: readonly (Tensor | undefined)[]): boolean {
  return recording && inputs.some((input) => input?.node);
}

/** Whether operations are recorded at all: not inside of `noGrad`. */
export function isRecording(): boolean {
  return recording;
}

/** Runs `fn` without recording: for inference, and for updates of weights. */
export function noGrad<T>(fn: () => T): T {
  const before = recording;
  recording = false;
  try {
    return fn();
  } finally {
    recording = before;
  }
}

/** See `Tensor.backward`. */
export function backward(output: Tensor, seed?: Tensor): void {
  if (!output.node) {
    throw new FoveaError(
      'ARGUMENT',
      `backward: ${output.toString()} depends on no tensor with requiresGrad`,
    );
  }
  if (seed ? !sameShape(seed.shape, output.shape) : output.size !== 1) {
    throw new FoveaError(
      'SHAPE',
      `backward: needs a seed gradient of shape ${formatShape(output.shape)}, got ` +
        (seed ? formatShape(seed.shape) : 'none'),
    );
  }
  noGrad(() =>
    scope(() => {
      const grads = new Map<Node, Tensor>([
        [output.node!, seed ? seed.detach() : fill(output.shape, 1)],
      ]);
      for (const node of newestFirst(output.node!)) propagate(node, grads);
    }),
  );
}

function propagate(node: Node, grads: Map<Node, Tensor>): void {
  const dy = grads.get(node);
  if (!dy) return;
  grads.delete(node);
  if (node.leaf) {
    if (!node.leaf.isDisposed) accumulate(node.leaf, dy);
    return;
  }
  // An operation may pass dy on, also more than once: handles are made before it is freed.
  const inputGrads = scope(() =>
    node.run(dy).map((grad, i) => grad && ofType(grad, node.inputs[i]?.dtype)),
  );
  node.inputs.forEach((input, i) => {
    const grad = inputGrads[i];
    if (!input || !grad) return;
    const before = grads.get(input);
    grads.set(input, before ? add(before, grad) : grad.detach());
    before?.dispose();
  });
  for (const grad of inputGrads) grad?.dispose();
  dy.dispose();
}

/** A gradient in the type of what it belongs to. */
function ofType(grad: Tensor, dtype: DType = grad.dtype): Tensor {
  // Integers are not on the tape.
  return grad.dtype === dtype ? grad : cast(grad, dtype as FloatType);
}

function accumulate(leaf: Tensor, grad: Tensor): void {
  const total = leaf.grad ? add(leaf.grad, grad) : grad.detach();
  leaf.grad?.dispose();
  leaf.grad = keep(total);
}

/** All entries that `root` depends on, later ones first: a topological order, the same every time. */
function newestFirst(root: Node): Node[] {
  const seen = new Set<Node>([root]);
  for (const node of seen) for (const input of node.inputs) if (input) seen.add(input);
  return [...seen].sort((a, b) => b.order - a.order);
}

/**
 * The value of `fn` and its gradients with respect to `params`, which need not be marked before.
 *
 * @param fn computes a single number from the parameters
 * @returns the value, and one gradient per parameter (zeros are `undefined`)
 */
export function valueAndGrad(
  fn: () => Tensor,
  params: readonly Tensor[],
): { value: Tensor; grads: readonly (Tensor | undefined)[] } {
  const before = params.map(({ node, grad }) => ({ node, grad }));
  for (const param of params) {
    param.node = accumulateLeaf(param);
    param.grad = undefined;
  }
  try {
    const value = fn();
    backward(value);
    return { value, grads: params.map((param) => param.grad) };
  } catch (error) {
    for (const param of params) param.grad?.dispose();
    throw error;
  } finally {
    params.forEach((param, i) => {
      param.node?.release();
      param.node = before[i]!.node;
      param.grad = before[i]!.grad;
    });
  }
}
