import { isRecording } from '../autograd.js';
import { FoveaError } from '../errors.js';
import { defaultDevice } from '../gpu/init.js';
import { formatShape, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { inferenceSteps, trainingSteps, type Step } from './fuse.js';
import { only, type CallOptions, type Layer } from './layer.js';
import { deriveSeed } from './seeds.js';

/** A tensor of a network that is not computed yet. Its shape is that of one sample. */
export class SymbolicTensor {
  /** For layers; users call `input()` and `layer.apply()`. */
  constructor(
    readonly shape: Shape,
    /** The use of a layer that computes it. */
    readonly source: LayerCall,
    /** Which of the results it is. */
    readonly index: number,
  ) {}

  /** Name of the layer that computes it. */
  get name(): string {
    return this.source.layer.name;
  }
}

/** One use of a layer in a network. A layer that is used several times has one set of weights. */
export class LayerCall {
  readonly outputs: readonly SymbolicTensor[];

  /** Throws SHAPE when the layer cannot work on such inputs. */
  constructor(
    readonly layer: Layer,
    readonly inputs: readonly SymbolicTensor[],
  ) {
    for (const input of inputs) {
      if (input instanceof SymbolicTensor) continue;
      throw new FoveaError(
        'ARGUMENT',
        `${layer.name}: apply takes what input() and apply() return, got ${String(input)}`,
        { hint: 'Tensors with values are passed to layer.call() or model.predict().' },
      );
    }
    const shapes = layer.computeOutputShapes(inputs.map(({ shape }) => shape));
    this.outputs = shapes.map((shape, i) => new SymbolicTensor(shape, this, i));
  }
}

/** What is computed from some tensors to reach others, in Keras's order. */
export class Graph {
  /** In the order in which they run; without those that make the inputs. */
  readonly calls: readonly LayerCall[];
  /** Every layer once, in the order of Keras's `model.layers`; with the input layers. */
  readonly layers: readonly Layer[];

  private readonly placeOf: ReadonlyMap<LayerCall, number>;
  /** Of the last inference, and of the last training step. */
  private readonly programs = new Map<typeof inferenceSteps, Program>();

  constructor(
    readonly inputs: readonly SymbolicTensor[],
    readonly outputs: readonly SymbolicTensor[],
  ) {
    const order = new Order(inputs, outputs);
    this.calls = order.calls();
    this.layers = order.layers();
    this.placeOf = new Map(this.calls.map((call, i) => [call, i]));
  }

  /** Whether `tensor` is only a result, and feeds no layer. */
  isEnd(tensor: SymbolicTensor): boolean {
    return !this.calls.some(({ inputs }) => inputs.includes(tensor));
  }

  /** The only result of a layer; of its first use, where it has several. */
  resultOf(layer: Layer): SymbolicTensor {
    return only(layer.name, this.usesOf(layer)[0]?.outputs ?? [], 'output');
  }

  /** The uses of a layer: the ones that make inputs, and all others in their order. */
  usesOf(layer: Layer): readonly LayerCall[] {
    const all = [...this.inputs.map(({ source }) => source), ...this.calls];
    return all.filter((call) => call.layer === layer);
  }

  /**
   * Uses the same layers once more, on other tensors: for a larger network in which they are layers
   * like all others.
   *
   * @returns one result for each output
   */
  applyTo(inputs: readonly SymbolicTensor[]): readonly SymbolicTensor[] {
    const values = new Map(this.inputs.map((symbol, i) => [symbol, inputs[i]!]));
    for (const call of this.calls) {
      const { outputs } = new LayerCall(
        call.layer,
        call.inputs.map((symbol) => values.get(symbol)!),
      );
      call.outputs.forEach((symbol, i) => values.set(symbol, outputs[i]!));
    }
    return this.outputs.map((symbol) => values.get(symbol)!);
  }

  /**
   * Computes all tensors that `wanted` need. Each use of a layer draws from a stream of its own.
   * Results are freed after their last use; what gradients need, the tape keeps. Layers run together with those
   * that follow them, as `inferenceSteps` and `trainingSteps` say.
   *
   * @param inputs one batch for each input
   * @param wanted tensors of the graph
   * @param logits results to be left without their last activation
   */
  run(
    inputs: readonly Tensor[],
    wanted: readonly SymbolicTensor[],
    options: CallOptions,
    logits: ReadonlySet<SymbolicTensor> = new Set(),
  ): readonly Tensor[] {
    const values = new Map(this.inputs.map((symbol, i) => [symbol, inputs[i]!]));
    const missing = new Set(wanted.filter((symbol) => !values.has(symbol)));
    const kept = new Set<SymbolicTensor>([...this.inputs, ...wanted]);
    const isInference = !options.training && !isRecording();
    const stepsOf = isInference ? inferenceSteps : trainingSteps;
    const { steps, lastUse } = this.programFor(stepsOf, wanted, kept, logits);
    for (const [i, step] of steps.entries()) {
      if (missing.size === 0) break;
      const given = step.inputs.map((symbol) => values.get(symbol)!);
      const outputs = within(step, () =>
        step.call
          ? step.call.layer.run(given, this.optionsOf(options, step.call, logits))
          : [step.run(given, options)],
      );
      step.outputs.forEach((symbol, k) => {
        values.set(symbol, outputs[k]!);
        missing.delete(symbol);
      });
      for (const symbol of step.inputs) {
        if (lastUse.get(symbol) === i && !kept.has(symbol)) free(symbol, values);
      }
    }
    return wanted.map((symbol) => values.get(symbol)!);
  }

  private programFor(
    stepsOf: typeof inferenceSteps,
    wanted: readonly SymbolicTensor[],
    kept: ReadonlySet<SymbolicTensor>,
    logits: ReadonlySet<SymbolicTensor>,
  ): Program {
    const key = [...wanted, undefined, ...logits];
    const known = this.programs.get(stepsOf);
    if (known?.key.length === key.length && known.key.every((symbol, i) => symbol === key[i])) {
      return known;
    }
    const steps = stepsOf(this.calls, kept, logits);
    const lastUse = new Map(
      steps.flatMap(({ inputs }, i) => inputs.map((symbol) => [symbol, i] as const)),
    );
    const program = { key, steps, lastUse };
    this.programs.set(stepsOf, program);
    return program;
  }

  /** Of one use of a layer in a model. */
  private optionsOf(
    { training = false, seed = () => 0, addLoss }: CallOptions,
    call: LayerCall,
    logits: ReadonlySet<SymbolicTensor>,
  ): CallOptions {
    const place = this.placeOf.get(call)!;
    return {
      ...(training && { training, seed: () => deriveSeed(seed(), place) }),
      ...(addLoss && { addLoss }),
      ...(call.outputs.some((symbol) => logits.has(symbol)) && { logits: true }),
    };
  }
}

/** What is computed for some tensors. */
interface Program {
  /** The tensors that are wanted, and those without their activation. */
  readonly key: readonly (SymbolicTensor | undefined)[];
  readonly steps: readonly Step[];
  /** After which step nothing needs a tensor any more. */
  readonly lastUse: ReadonlyMap<SymbolicTensor, number>;
}

/** The names of the layers that run as one: 'conv1_conv + conv1_bn + conv1_relu'. */
export function nameOf({ calls }: Step): string {
  return calls.map(({ layer }) => layer.name).join(' + ');
}

/** Runs a step, and lets the GPU know which layers its commands belong to. */
function within<T>(step: Step, fn: () => T): T {
  const { recorder } = defaultDevice();
  const { place } = recorder;
  recorder.place = place === '' ? nameOf(step) : `${place}/${nameOf(step)}`;
  try {
    return fn();
  } finally {
    recorder.place = place;
  }
}

/** Frees a result, unless it is at the same time another one: some layers pass on what they get. */
function free(symbol: SymbolicTensor, values: Map<SymbolicTensor, Tensor>): void {
  const tensor = values.get(symbol);
  values.delete(symbol);
  if (tensor && ![...values.values()].includes(tensor)) tensor.dispose();
}

/** Keras's order of layers: by distance from the outputs, then by the first visit of a search. */
class Order {
  private readonly finished: LayerCall[] = [];
  private readonly firstVisit = new Map<Layer, number>();
  private readonly layerDepth = new Map<Layer, number>();
  private readonly callDepth = new Map<LayerCall, number>();

  constructor(
    private readonly inputs: readonly SymbolicTensor[],
    outputs: readonly SymbolicTensor[],
  ) {
    const sources = new Set(inputs.map(({ source }) => source));
    for (const { source } of outputs) this.visit(source, sources);
    this.measure();
    for (const { source } of inputs) {
      if (this.layerDepth.has(source.layer)) continue;
      this.layerDepth.set(source.layer, 0);
      this.firstVisit.set(source.layer, -1);
      this.callDepth.set(source, 0);
    }
  }

  calls(): LayerCall[] {
    const sources = new Set(this.inputs.map(({ source }) => source));
    return this.finished
      .filter((call) => !sources.has(call))
      .sort((a, b) => this.callDepth.get(b)! - this.callDepth.get(a)!);
  }

  layers(): Layer[] {
    return [...this.layerDepth.keys()].sort(
      (a, b) =>
        this.layerDepth.get(b)! - this.layerDepth.get(a)! ||
        this.firstVisit.get(a)! - this.firstVisit.get(b)!,
    );
  }

  /** Depth first, without recursion: networks may have thousands of layers in a row. */
  private visit(root: LayerCall, sources: ReadonlySet<LayerCall>): void {
    const seen = new Set(this.finished);
    const stack = [{ call: root, next: 0 }];
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const { call } = top;
      if (top.next === 0) {
        if (seen.has(call)) {
          stack.pop();
          continue;
        }
        seen.add(call);
        if (!this.firstVisit.has(call.layer)) this.firstVisit.set(call.layer, this.firstVisit.size);
        if (call.inputs.length === 0 && !sources.has(call)) throw disconnected(call);
      }
      const input = sources.has(call) ? undefined : call.inputs[top.next++];
      if (input) {
        stack.push({ call: input.source, next: 0 });
      } else {
        this.finished.push(call);
        stack.pop();
      }
    }
  }

  private measure(): void {
    for (const call of [...this.finished].reverse()) {
      const depth = Math.max(this.callDepth.get(call) ?? 0, this.layerDepth.get(call.layer) ?? 0);
      this.layerDepth.set(call.layer, depth);
      this.callDepth.set(call, depth);
      for (const { source } of call.inputs) {
        this.callDepth.set(source, Math.max(depth + 1, this.callDepth.get(source) ?? 0));
      }
    }
  }
}

function disconnected({ layer, outputs }: LayerCall): FoveaError {
  return new FoveaError(
    'ARGUMENT',
    `model: the outputs need the input '${layer.name}' ${formatShape(outputs[0]!.shape)}, which ` +
      'is not among the inputs',
    { hint: 'List every input() that the outputs depend on in model({ inputs, outputs }).' },
  );
}
