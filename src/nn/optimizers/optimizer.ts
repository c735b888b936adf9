import { noGrad } from '../../autograd.js';
import { FoveaError } from '../../errors.js';
import type { Params } from '../../gpu/commands.js';
import type { Flags } from '../../gpu/template.js';
import { add, div, fill, maximum, sqrt, square, sum } from '../../ops/index.js';
import { keep, scope } from '../../scope.js';
import type { Tensor } from '../../tensor.js';
import {
  AT_LEAST_0,
  checkNumbers,
  withDefaults,
  type Defaults,
  type Given,
  type Range,
  type Serialized,
} from '../config.js';
import type { Weight } from '../layer.js';
import type { LossScale } from '../loss_scale.js';
import { Schedule, scheduleOf } from '../schedules.js';
import { updateAll } from '../update.js';

/** Options that every optimizer has, with nothing left out. */
export interface OptimizerConfig {
  /** Steps are as long as this says; one of `schedules` changes it from step to step. */
  readonly learningRate: number | Schedule | Serialized;
  /** Each step first takes learningRate * weightDecay * w away from every weight w. Default null. */
  readonly weightDecay: number | null;
  /** The gradient of each weight is scaled down to at most this norm. Default null. */
  readonly clipnorm: number | null;
  /** Gradients are clipped to between -clipvalue and clipvalue. Default null. */
  readonly clipvalue: number | null;
  /** All gradients are scaled down together to at most this norm. Default null. */
  readonly globalClipnorm: number | null;
}

/** Options of every optimizer. At most one of the three for clipping may be given. */
export type OptimizerOptions = Given<OptimizerConfig>;

/** Defaults of an optimizer's own options and of its learning rate; perhaps of the others. */
export type OwnDefaults<C> = Defaults<Omit<C, Exclude<keyof OptimizerConfig, 'learningRate'>>> &
  Partial<OptimizerConfig>;

/** How the weights are updated in one step. */
export interface Step {
  /** Name of the shader. */
  readonly shader: string;
  readonly flags?: Flags;
  /** Functions for what changes from step to step. */
  readonly params: Params;
  /** What the shader reads besides the weights, their gradients and their slots. */
  readonly extra?: Readonly<Record<string, Tensor>>;
}

const COMMON = { weightDecay: null, clipnorm: null, clipvalue: null, globalClipnorm: null };
const CLIP: Range = { above: 0, orNull: true };

/**
 * Updates weights in place from their gradients. Formulas, defaults and the order of the steps are those of
 * Keras 3.
 */
export abstract class Optimizer<C extends OptimizerConfig = OptimizerConfig> {
  /** Number of steps done. */
  iterations = 0;
  protected readonly config: C;
  private rate: number | Schedule;
  private readonly slots = new Map<Tensor, Readonly<Record<string, Tensor>>>();

  /** @param className Keras's name of the class: 'Adam' */
  constructor(
    readonly className: string,
    options: Given<C>,
    defaults: OwnDefaults<C>,
  ) {
    this.config = withDefaults<C>(className, options, { ...COMMON, ...defaults } as Defaults<C>);
    const { learningRate } = this.config;
    if (typeof learningRate !== 'object') {
      checkNumbers<OptimizerConfig>(className, this.config, { learningRate: AT_LEAST_0 });
    }
    this.rate = typeof learningRate === 'object' ? scheduleOf(learningRate) : learningRate;
    checkNumbers<OptimizerConfig>(className, this.config, {
      weightDecay: { least: 0, orNull: true },
      clipnorm: CLIP,
      clipvalue: CLIP,
      globalClipnorm: CLIP,
    });
    this.checkClipping();
  }

  /** Whether the learning rate follows a schedule, and cannot be set. */
  get hasSchedule(): boolean {
    return typeof this.rate === 'object';
  }

  /**
   * The learning rate of the next step. It may be set between steps, unless a schedule sets it:
   * then setting it throws ARGUMENT.
   */
  get learningRate(): number {
    return typeof this.rate === 'number' ? this.rate : this.rate.at(this.iterations);
  }

  set learningRate(learningRate: number) {
    if (typeof this.rate === 'object') {
      throw new FoveaError(
        'ARGUMENT',
        `${this.className}: the learning rate follows ${this.rate.className}, it cannot be set`,
        { hint: 'Give a number as learningRate to set it later.' },
      );
    }
    checkNumbers(this.className, { learningRate }, { learningRate: AT_LEAST_0 });
    this.rate = learningRate;
  }

  /** What `optimizerOf` makes it from again; with the learning rate as it is now. */
  getConfig(): Serialized {
    const learningRate = typeof this.rate === 'number' ? this.rate : this.rate.getConfig();
    const config: object = { ...this.config, learningRate };
    return { className: this.className, config: { ...config } };
  }

  /**
   * Names of the tensors kept for each weight, of its shape. Those in one list are stored weight by
   * weight, and before those of the next list: the order of Keras's files.
   */
  protected abstract readonly slotNames: readonly (readonly string[])[];

  /** What the tensors kept for each weight hold at first. */
  protected readonly firstValue: number = 0;

  /**
   * How a step is done. It is recorded once and then replayed: what depends on the step must be a
   * function.
   *
   * @param t gives the number of the step, counted from 1
   * @param learningRate gives the learning rate of the step
   * @param lossScale knows whether the step is skipped
   */
  protected abstract step(t: () => number, learningRate: () => number, lossScale?: LossScale): Step;

  /** One step: updates every trainable weight that has a gradient, and frees the gradients. */
  apply(weights: readonly Weight[]): void {
    this.update(weights);
    this.iterations++;
  }

  /**
   * `apply` without counting the step: what can be captured.
   *
   * @param lossScale of gradients that are scaled; a step with an overflow leaves everything as it is
   */
  update(weights: readonly Weight[], lossScale?: LossScale): void {
    scope(() =>
      noGrad(() =>
        this.applyAll(
          weights.filter(({ value }) => value.grad),
          lossScale,
        ),
      ),
    );
    lossScale?.update();
  }

  private applyAll(weights: readonly Weight[], lossScale?: LossScale): void {
    const values = weights.filter(({ trainable }) => trainable).map(({ value }) => value);
    const { weightDecay, clipvalue } = this.config;
    const rate = (): number => this.learningRate;
    lossScale?.check(values.map(({ grad }) => grad!));
    const [CLIP_VALUE, LOSS_SCALE] = [clipvalue !== null, lossScale !== undefined];
    const scaling = lossScale && { loss_scale: lossScale.scale, overflow: lossScale.overflow };
    const { shader, flags, params, extra } = this.step(() => this.iterations + 1, rate, lossScale);
    const decay = weightDecay === null ? 0 : (): number => weightDecay * rate();
    const scales = this.clipScales(values, lossScale);
    const updates = values.map((w, i) => {
      const slots = Object.values(this.slotsOf(w)).map((slot, s) => [`slot${s}_`, slot] as const);
      const scale = scales?.[i];
      return { w, g: w.grad!, ...(scale && { scale }), ...Object.fromEntries(slots) };
    });
    updateAll(
      shader,
      {
        ...flags,
        SLOTS: this.slotNames.flat().length,
        CLIP_NORM: scales !== undefined,
        CLIP_VALUE,
        LOSS_SCALE,
      },
      updates,
      { ...params, decay, clip: clipvalue ?? 0 },
      { ...extra, ...scaling },
    );
    for (const { value } of weights) {
      value.grad!.dispose();
      value.grad = undefined;
    }
  }

  /** What each gradient is multiplied by so that its norm (or that of all) is at most the limit. */
  private clipScales(values: readonly Tensor[], lossScale?: LossScale): Tensor[] | undefined {
    const { clipnorm, globalClipnorm } = this.config;
    const limit = clipnorm ?? globalClipnorm;
    if (limit === null || values.length === 0) return undefined;
    const squares = values.map(({ grad }) => sum(square(grad!)));
    const norm = (squared: Tensor): Tensor =>
      lossScale ? div(sqrt(squared), lossScale.scale) : sqrt(squared);
    const scale = (squared: Tensor): Tensor => div(limit, maximum(norm(squared), limit));
    if (clipnorm !== null) return squares.map(scale);
    const all = scale(squares.reduce((total, squared) => add(total, squared)));
    return values.map(() => all);
  }

  /**
   * The tensors kept between steps, in Keras's order, under names as 'conv2d/kernel/momentum';
   * made if there are none.
   */
  state(weights: readonly Weight[]): Map<string, Tensor> {
    const state = new Map<string, Tensor>();
    const trained = weights.filter(({ trainable }) => trainable);
    for (const names of this.slotNames) {
      for (const { name, value } of trained) {
        const slots = this.slotsOf(value);
        for (const slot of names) state.set(`${name}/${slot}`, slots[slot]!);
      }
    }
    return state;
  }

  /** Number of values kept between steps, with the step count and learning rate, as Keras counts. */
  countParams(weights: readonly Weight[]): number {
    const trained = weights.filter(({ trainable }) => trainable);
    const perSlot = trained.reduce((total, { value }) => total + value.size, 0);
    return perSlot * this.slotNames.flat().length + (typeof this.rate === 'number' ? 2 : 1);
  }

  /** Frees what is kept between steps. */
  dispose(): void {
    for (const slots of this.slots.values()) {
      for (const tensor of Object.values(slots)) tensor.dispose();
    }
    this.slots.clear();
  }

  private slotsOf(w: Tensor): Readonly<Record<string, Tensor>> {
    let slots = this.slots.get(w);
    if (!slots) {
      const made = this.slotNames.flat().map((name) => {
        return [name, keep(fill(w.shape, this.firstValue))] as const;
      });
      slots = Object.fromEntries(made);
      this.slots.set(w, slots);
    }
    return slots;
  }

  private checkClipping(): void {
    const names = ['clipnorm', 'clipvalue', 'globalClipnorm'] as const;
    const given = names.filter((name) => this.config[name] !== null);
    if (given.length <= 1) return;
    throw new FoveaError(
      'ARGUMENT',
      `${this.className}: only one of ${names.join(', ')} can be given, got ${given.join(' and ')}`,
    );
  }
}

/** base^exponent as float32 has it: 1 - base^t differs by up to 1 in 10,000 from the exact one. */
export function powerF32(base: number, exponent: number): number {
  return Math.fround(Math.fround(base) ** exponent);
}

/** 1 - share as float32 has it. */
export function restF32(share: number): number {
  return 1 - Math.fround(share);
}
