import type { Tail } from '../ops/conv2d.js';
import type { Activation } from '../ops/index.js';
import type { Tensor } from '../tensor.js';
import type { LayerCall, SymbolicTensor } from './graph.js';

/** Rows and columns to add at the sides of pictures. */
export type Sides = readonly [readonly [number, number], readonly [number, number]];

/** How a layer can be run together with its neighbours in inference. */
export type Fusion =
  /** Pads with zeros, which a convolution can do by itself. */
  | { readonly kind: 'pad'; readonly sides: Sides }
  /** A convolution without activation: runs with what comes before and after. */
  | {
      readonly kind: 'head';
      /** Whether it takes the work of padding upon itself. */
      readonly pads: boolean;
      readonly bias: Tensor | undefined;
      run(x: Tensor, sides: Sides | undefined, tail: Tail): Tensor;
    }
  /** Multiplies each channel and adds to it; takes the bias of a head into its sum. */
  | { readonly kind: 'norm'; scaleShift(bias: Tensor | undefined): Tensor }
  /** Adds its inputs. */
  | { readonly kind: 'add' }
  | { readonly kind: 'activation'; readonly activation: Activation };

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
  run(inputs: readonly Tensor[]): Tensor;
}

/** Each use of a layer by itself. */
export function singleSteps(calls: readonly LayerCall[]): readonly Step[] {
  return calls.map(single);
}

function single(call: LayerCall): Step {
  const run = (): never => {
    throw new Error(`${call.layer.name} runs by itself`);
  };
  return { inputs: call.inputs, outputs: call.outputs, calls: [call], call, run };
}

/**
 * Joins convolutions with padding before them, and batch normalization, addition and activation after
 * them, where nothing else needs what lies between.
 *
 * @param kept tensors that must be computed
 * @param logits tensors whose last activation is left out
 */
export function fusedSteps(
  calls: readonly LayerCall[],
  kept: ReadonlySet<SymbolicTensor>,
  logits: ReadonlySet<SymbolicTensor>,
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
    const chain = new Chain(call, next, taken);
    if (chain.calls.length < 2) continue;
    for (const each of chain.calls) taken.add(each);
    lastOf.set(chain.calls.at(-1)!, chain);
  }
  return calls.flatMap((call) => {
    const step = lastOf.get(call) ?? (taken.has(call) ? undefined : single(call));
    return step ? [step] : [];
  });
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
    private readonly next: (symbol: SymbolicTensor) => LayerCall | undefined,
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
    const scaleShift = this.norm?.scaleShift(head.bias);
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
