import { addThen } from '../ops/binary.js';
import type { Tail } from '../ops/conv2d.js';
import type { Activation, BatchNormResult } from '../ops/index.js';
import type { BatchNormTrainingOptions } from '../ops/norm.js';
import type { Tensor } from '../tensor.js';
import type { LayerCall, SymbolicTensor } from './graph.js';
import type { CallOptions } from './layer.js';

/** Rows and columns to add at the sides of pictures. */
export type Sides = readonly [readonly [number, number], readonly [number, number]];

/** What a convolution is told in training. */
export interface Around {
  /** Whether a batch normalization by the statistics of the batch follows. */
  readonly isNormed: boolean;
}

/** How a layer can be run together with its neighbours. */
export type Fusion =
  /** Pads with zeros, which a convolution can do by itself. */
  | { readonly kind: 'pad'; readonly sides: Sides }
  /** A convolution without activation: runs with what comes before and after. */
  | {
      readonly kind: 'head';
      /** Whether it takes the work of padding upon itself. */
      readonly pads: boolean;
      readonly bias: Tensor | undefined;
      /** In inference: with what is before and after it. */
      run(x: Tensor, sides: Sides | undefined, tail: Tail): Tensor;
      /** In training: with the padding before it. */
      call(x: Tensor, around: Around & { readonly sides?: Sides }): Tensor;
      /** In training: with the batch normalization and activation before it. Only of single pixels. */
      readonly callNormed:
        | ((
            x: Tensor,
            gamma: Tensor,
            beta: Tensor,
            options: BatchNormTrainingOptions,
            around: Around,
          ) => BatchNormResult)
        | undefined;
    }
  | {
      readonly kind: 'norm';
      /** In inference: multiplies each channel and adds to it; takes the bias of a head into its sum. */
      scaleShift(bias: Tensor | undefined): Tensor;
      /** Whether it normalizes by the statistics of the batch. */
      usesBatch(options: CallOptions): boolean;
      /** In training: with the activation, and perhaps the convolution after that. */
      call(x: Tensor, activation: Activation, options: CallOptions, into?: Into): Tensor;
    }
  /** Adds its inputs. */
  | { readonly kind: 'add' }
  | { readonly kind: 'activation'; readonly activation: Activation };

/** The convolution that a normalization runs into. */
export type Into = Around & Pick<Of<'head'>, 'call' | 'callNormed'>;

type Kind = Fusion['kind'];
type Of<K extends Kind> = Extract<Fusion, { kind: K }>;

/** One or several uses of layers that run as one. */
export interface Step {
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  /** All uses of layers that it is. */
  readonly calls: readonly LayerCall[];
  /** The use of a layer, where it is only one. */
  readonly call: LayerCall | undefined;
  /** Runs several as one. */
  run(inputs: readonly Tensor[], options: CallOptions): Tensor;
}

/** The only use of a tensor, of which nothing else is needed. */
type Next = (symbol: SymbolicTensor) => LayerCall | undefined;

function single(call: LayerCall): Step {
  const run = (): never => {
    throw new Error(`${call.layer.name} runs by itself`);
  };
  return { inputs: call.inputs, outputs: call.outputs, calls: [call], call, run };
}

/**
 * The steps of inference: convolutions with padding before them, and batch normalization, addition and activation
 * after them, run as one where nothing else needs what lies between.
 *
 * @param kept tensors that must be computed
 * @param logits tensors whose last activation is left out
 */
export function inferenceSteps(
  calls: readonly LayerCall[],
  kept: ReadonlySet<SymbolicTensor>,
  logits: ReadonlySet<SymbolicTensor>,
): readonly Step[] {
  return joined(calls, kept, logits, (call, next, taken) => {
    const chain = new Chain(call, next, taken);
    return chain.calls.length > 1 ? chain : undefined;
  });
}

/**
 * Those of training: a convolution with padding before it, and batch normalization or an addition with the activation
 * after it, run as one; a convolution of single pixels also with normalization and activation before it. See
 * `inferenceSteps`.
 */
export function trainingSteps(
  calls: readonly LayerCall[],
  kept: ReadonlySet<SymbolicTensor>,
  logits: ReadonlySet<SymbolicTensor>,
): readonly Step[] {
  return joined(calls, kept, logits, groupOf);
}

/** @param join makes a step of a use of a layer and its neighbours, where they fit */
function joined(
  calls: readonly LayerCall[],
  kept: ReadonlySet<SymbolicTensor>,
  logits: ReadonlySet<SymbolicTensor>,
  join: (call: LayerCall, next: Next, taken: ReadonlySet<LayerCall>) => Step | undefined,
): readonly Step[] {
  const users = new Map<SymbolicTensor, LayerCall[]>();
  for (const call of calls) {
    for (const symbol of call.inputs) users.set(symbol, [...(users.get(symbol) ?? []), call]);
  }
  const next = (symbol: SymbolicTensor): LayerCall | undefined => {
    const [user, ...others] = users.get(symbol) ?? [];
    if (!user || others.length > 0 || kept.has(symbol)) return undefined;
    return user.outputs.some((result) => logits.has(result)) ? undefined : user;
  };
  const taken = new Set<LayerCall>();
  const lastOf = new Map<LayerCall, Step>();
  for (const call of calls) {
    const step = taken.has(call) ? undefined : join(call, next, taken);
    if (!step) continue;
    for (const each of step.calls) taken.add(each);
    lastOf.set(step.calls.at(-1)!, step);
  }
  return calls.flatMap((call) => {
    const step = lastOf.get(call) ?? (taken.has(call) ? undefined : single(call));
    return step ? [step] : [];
  });
}

/** Up to three uses of layers that can run as one in training. */
function groupOf(first: LayerCall, next: Next): Step | undefined {
  const second = next(first.outputs[0]!);
  if (!second) return undefined;
  const step = (calls: readonly LayerCall[], run: Step['run']): Step => {
    const { outputs } = calls.at(-1)!;
    return { calls, call: undefined, inputs: first.inputs, outputs, run };
  };
  /** What a convolution is told of the layer after it. */
  const around = (head: LayerCall, options: CallOptions): Around => {
    const after = next(head.outputs[0]!);
    const norm = after && fusionOf(after, 'norm');
    return { isNormed: norm?.usesBatch(options) ?? false };
  };
  if (fusionOf(first, 'head') && fusionOf(second, 'norm')) {
    return step([first], ([x], options) =>
      fusionOf(first, 'head')!.call(x!, around(first, options)),
    );
  }
  const pad = fusionOf(first, 'pad');
  if (pad && fusionOf(second, 'head')?.pads) {
    return step([first, second], ([x], options) =>
      fusionOf(second, 'head')!.call(x!, { ...around(second, options), sides: pad.sides }),
    );
  }
  const { activation } = fusionOf(second, 'activation') ?? {};
  if (activation && fusionOf(first, 'norm')) {
    const third = next(second.outputs[0]!);
    if (third && fusionOf(third, 'head')?.callNormed) {
      return step([first, second, third], ([x], options) => {
        const into = { ...fusionOf(third, 'head')!, ...around(third, options) };
        return fusionOf(first, 'norm')!.call(x!, activation, options, into);
      });
    }
    return step([first, second], ([x], options) =>
      fusionOf(first, 'norm')!.call(x!, activation, options),
    );
  }
  if (activation && activation !== 'swish' && fusionOf(first, 'add')) {
    return step([first, second], ([a, b]) => addThen(a!, b!, activation));
  }
  return undefined;
}

/** A convolution and its neighbours. */
class Chain implements Step {
  readonly calls: LayerCall[] = [];
  readonly call = undefined;
  private readonly pad: Of<'pad'> | undefined;
  private readonly norm: Of<'norm'> | undefined;
  private readonly residual: SymbolicTensor | undefined;
  private readonly activation: Of<'activation'> | undefined;

  constructor(
    private readonly head: LayerCall,
    private readonly next: Next,
    private readonly taken: ReadonlySet<LayerCall>,
  ) {
    const fusion = fusionOf(head, 'head');
    if (!fusion) return;
    const before = head.inputs[0]!;
    if (fusion.pads && this.next(before) === head) this.pad = fusionOf(before.source, 'pad');
    if (this.pad) this.calls.push(before.source);
    this.calls.push(head);
    this.norm = this.take('norm');
    if (this.take('add')) this.residual = this.otherInput();
    this.activation = this.take('activation');
  }

  get inputs(): readonly SymbolicTensor[] {
    const first = this.calls[0]!.inputs[0]!;
    return this.residual ? [first, this.residual] : [first];
  }

  get outputs(): readonly SymbolicTensor[] {
    return this.calls.at(-1)!.outputs;
  }

  run([x, residual]: readonly Tensor[]): Tensor {
    const head = fusionOf(this.head, 'head')!;
    const { norm } = this;
    const scaleShift = norm && x!.device.recorder.keep(() => norm.scaleShift(head.bias));
    const { activation } = this.activation ?? {};
    const y = head.run(x!, this.pad?.sides, { scaleShift, residual, activation });
    scaleShift?.dispose();
    return y;
  }

  /** Adds the next call to the chain, if it is of that kind. */
  private take<K extends Kind>(kind: K): Of<K> | undefined {
    const call = this.next(this.calls.at(-1)!.outputs[0]!);
    if (!call || this.taken.has(call)) return undefined;
    const fusion = fusionOf(call, kind);
    if (fusion) this.calls.push(call);
    return fusion;
  }

  private otherInput(): SymbolicTensor {
    const before = this.calls.at(-2)!.outputs[0]!;
    return this.calls.at(-1)!.inputs.find((symbol) => symbol !== before)!;
  }
}

function fusionOf<K extends Kind>({ layer, inputs }: LayerCall, kind: K): Of<K> | undefined {
  const { fusion } = layer;
  if (fusion?.kind !== kind || layer.activityRegularizer) return undefined;
  const isPair = inputs.length === 2 && inputs[0]!.shape.join() === inputs[1]!.shape.join();
  return inputs.length === 1 || (kind === 'add' && isPair) ? (fusion as Of<K>) : undefined;
}
