import { FoveaError } from '../errors.js';
import {
  createBindGroup,
  createUniform,
  fold,
  now,
  operandsOf,
  SLOT_BYTES,
  Slots,
  type Dispatch,
  type Live,
} from './commands.js';
import type { Recorded } from './failure.js';
import type { Kernel } from './kernel.js';
import { Reserve, type Block, type Memory, type Storage } from './memory.js';

/** A dispatch with the buffers that its storages had when it was noted. */
interface Noted {
  readonly dispatch: Dispatch;
  readonly blocks: readonly Block[];
}

/** A copy between two buffers; a storage that is asked for again is another one at each run. */
interface Copy {
  readonly from: Block | (() => Storage);
  readonly fromOffset: number;
  readonly to: Block | (() => Storage);
  readonly toOffset: number;
  readonly bytes: number;
}

/** What is left of a dispatch when only its numbers can change. */
interface Ready {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly offsets: readonly number[];
  readonly groups: readonly [x: number, y: number];
}

/** Something that stays from run to run, and the commands that make it. */
interface Kept {
  readonly storage: Storage;
  readonly commands: readonly (Noted | Copy)[];
}

/** A plan with bind groups and parameters. */
interface Prepared {
  /** Those that make what is kept: they come first, and only where `sources` have changed. */
  readonly making: readonly (Ready | Copy)[];
  readonly sources: readonly Storage[];
  readonly commands: readonly (Ready | Copy)[];
  readonly uniform: GPUBuffer;
  /** Dispatches whose numbers are asked again; their parameters come first. */
  readonly live: readonly Dispatch[];
  readonly slots: Slots;
}

/**
 * Commands that are recorded once, and then run as often as wanted: `Device.capture` notes them,
 * `Recorder.replay` runs them. What they make lives in buffers of the plan's own, which nothing else
 * uses. Numbers, uploads and ends of copies that were given as functions are asked again at each run;
 * what is made of weights alone (`Recorder.keep`) is made again only after these have changed.
 */
export class Plan {
  /** Number of the last chunk of commands that runs it. */
  lastChunk = 0;
  readonly reserve = new Reserve();
  /** Uploads of each run, of bytes that are asked again. */
  readonly uploads: { readonly storage: Storage; readonly again: () => ArrayBufferView }[] = [];
  private readonly noted: (Noted | Copy)[] = [];
  /** Buffers that commands use so far: an upload, which comes before all of them, takes another. */
  private readonly used = new Set<Block>();
  private readonly pinned = new Set<Storage>();
  private readonly kept: Kept[] = [];
  /** Of the sources of what is kept, at the last run. */
  private versions: readonly number[] = [];
  /** Whether they have not changed since the run before. */
  private isFresh = false;
  /** Uploads that are the same for all runs. */
  private readonly constants = new Set<Storage>();
  private readonly reads = new Set<Storage>();
  private readonly writes = new Set<Storage>();
  private readonly sources: (() => Storage)[] = [];
  private readonly targets: (() => Storage)[] = [];
  private readonly parts: Pick<Recorded, 'kernel' | 'label'>[] = [];
  private prepared: Prepared | undefined;

  constructor(
    private readonly gpu: GPUDevice,
    private readonly memory: Memory,
    private readonly counters: { bindGroups: number },
    private keepBytes: number,
  ) {}

  /** Number of its dispatches. */
  get dispatches(): number {
    return this.parts.length;
  }

  /** The kernels that it runs. */
  get kernels(): ReadonlySet<Kernel> {
    const kernels = this.noted.flatMap((each) =>
      'dispatch' in each ? [each.dispatch.kernel] : [],
    );
    return new Set(kernels);
  }

  /**
   * Whether something that it uses and does not own has been freed, or what it keeps has failed: then it cannot run
   * any more.
   */
  get isStale(): boolean {
    for (const storage of this.reads) if (storage.isFreed) return true;
    for (const storage of this.writes) if (storage.isFreed) return true;
    return this.kept.some(({ storage }) => storage.failure);
  }

  /** What it makes at each run, and somebody has kept. */
  survivors(): Storage[] {
    return [...this.reserve.storages].filter((each) => !this.pinned.has(each) || each.isShared);
  }

  /** Notes a dispatch. */
  dispatch(dispatch: Dispatch): void {
    const { reads, writes } = operandsOf(dispatch);
    fold(dispatch);
    const blocks = dispatch.kernel.storage.map(
      ({ name }) => dispatch.bindings[name]!.storage.block,
    );
    for (const block of blocks) this.used.add(block);
    this.depend(reads, writes);
    this.parts.push(dispatch);
    this.noted.push({ dispatch, blocks });
  }

  /** Notes a copy. */
  copy(
    from: Live<Storage>,
    fromOffset: number,
    to: Live<Storage>,
    toOffset: number,
    bytes: number,
  ): void {
    const fixed = (end: Live<Storage>): Storage[] => (typeof end === 'function' ? [] : [end]);
    const [reads, writes] = [fixed(from), fixed(to)];
    for (const { block } of [...reads, ...writes]) this.used.add(block);
    this.depend(reads, writes);
    if (typeof from === 'function') this.sources.push(from);
    if (typeof to === 'function') this.targets.push(to);
    const blockOf = (end: Live<Storage>): Copy['from'] =>
      typeof end === 'function' ? end : end.block;
    this.noted.push({ from: blockOf(from), fromOffset, to: blockOf(to), toOffset, bytes });
  }

  /** For `Recorder.keep`. */
  keep<T extends { readonly storage: Storage }>(make: () => T): T {
    const first = this.noted.length;
    const made = make();
    const { storage } = made;
    if (storage.bytes > this.keepBytes) return made;
    this.keepBytes -= storage.bytes;
    this.pinned.add(storage.retain());
    // Into a buffer that no other command uses.
    const { block } = storage;
    this.memory.renew(storage);
    const commands = this.noted.splice(first).map((each) => moved(each, block, storage.block));
    this.noted.push(...commands);
    this.kept.push({ storage, commands });
    return made;
  }

  /** Notes an upload: the buffer of `storage` is its own from now on. */
  upload(storage: Storage, again: (() => ArrayBufferView) | undefined): void {
    if (storage.block.reserve !== this.reserve) {
      throw new FoveaError('ARGUMENT', 'a step that is captured gives new values to a weight', {
        hint: 'Layers that do so need compile({ runEagerly: true }).',
      });
    }
    if (this.used.has(storage.block)) this.memory.renew(storage);
    this.used.add(storage.block);
    if (!this.pinned.has(storage)) this.pinned.add(storage.retain());
    if (again) this.uploads.push({ storage, again });
    else this.constants.add(storage);
  }

  /** Writes the numbers of this run, before which the first one makes the bind groups. */
  prepare(): void {
    this.prepared ??= this.build();
    const { uniform, live, slots, sources } = this.prepared;
    const versions = sources.map(({ version }) => version);
    this.isFresh = versions.every((version, i) => version === this.versions[i]);
    this.versions = versions;
    if (live.length === 0) return;
    live.forEach((dispatch, slot) => slots.write(dispatch, slot));
    this.gpu.queue.writeBuffer(uniform, 0, slots.bytes, 0, live.length * SLOT_BYTES);
  }

  /** Appends the commands of this run; gives the number of its dispatches. */
  encode(encoder: GPUCommandEncoder): number {
    let pass: GPUComputePassEncoder | undefined;
    let pipeline: GPUComputePipeline | undefined;
    const { making, commands } = this.prepared!;
    for (const command of this.isFresh ? commands : [...making, ...commands]) {
      if ('from' in command) {
        pass?.end();
        pass = pipeline = undefined;
        const { from, fromOffset, to, toOffset, bytes } = command;
        encoder.copyBufferToBuffer(bufferOf(from), fromOffset, bufferOf(to), toOffset, bytes);
        continue;
      }
      pass ??= encoder.beginComputePass();
      if (command.pipeline !== pipeline) pass.setPipeline(command.pipeline);
      pipeline = command.pipeline;
      pass.setBindGroup(0, command.group, command.offsets);
      pass.dispatchWorkgroups(command.groups[0], command.groups[1]);
    }
    pass?.end();
    return this.dispatches - (this.isFresh ? making.length : 0);
  }

  /** What has to be known about a run until the fate of its chunk is known. */
  recorded(): Recorded {
    const kept = this.kept.map(({ storage }) => storage);
    const [read, written] = this.isFresh ? [kept, []] : [[], kept];
    return {
      kernel: undefined,
      label: () => 'plan',
      reads: [...this.reads, ...this.sources.map(now), ...read],
      writes: [...this.writes, ...this.targets.map(now), ...this.survivors(), ...written],
      parts: this.parts,
    };
  }

  /** Gives the buffers back. Nothing that runs the plan may be unsubmitted. */
  dispose(): void {
    for (const storage of this.pinned) storage.release();
    this.prepared?.uniform.destroy();
    this.memory.giveBack(this.reserve);
  }

  private depend(reads: readonly Storage[], writes: readonly Storage[]): void {
    if (writes.some((storage) => this.constants.has(storage))) {
      throw new FoveaError('ARGUMENT', 'a step that is captured writes over values of the host', {
        hint: 'They are uploaded once, for all runs. What is written over is made with fill or zeros.',
      });
    }
    const isForeign = ({ block }: Storage): boolean => block.reserve !== this.reserve;
    for (const storage of reads) if (isForeign(storage)) this.reads.add(storage);
    for (const storage of writes) if (isForeign(storage)) this.writes.add(storage);
  }

  private build(): Prepared {
    const all = this.noted.flatMap((command) => ('dispatch' in command ? [command.dispatch] : []));
    const live = all.filter(isLive);
    const inOrder = [...live, ...all.filter((dispatch) => !isLive(dispatch))];
    const slotOf = new Map(inOrder.map((dispatch, slot) => [dispatch, slot]));
    const slots = new Slots(Math.max(1, all.length));
    inOrder.forEach((dispatch, slot) => slots.write(dispatch, slot));
    const uniform = createUniform(this.gpu, slots);
    this.gpu.queue.writeBuffer(uniform, 0, slots.bytes);
    this.counters.bindGroups += all.length;
    const ready = (command: Noted | Copy): Ready | Copy => {
      if (!('dispatch' in command)) return command;
      const { dispatch, blocks } = command;
      const { pipeline, paramsBinding } = dispatch.kernel;
      return {
        pipeline,
        group: createBindGroup(this.gpu, dispatch, blocks, uniform),
        offsets: paramsBinding === undefined ? [] : [slotOf.get(dispatch)! * SLOT_BYTES],
        groups: fold(dispatch),
      };
    };
    const kept = this.kept.filter((each) => this.isOfWeights(each));
    const making = new Set(kept.flatMap(({ commands }) => commands));
    const sources = [...making].flatMap((each) =>
      'dispatch' in each ? operandsOf(each.dispatch).reads : [],
    );
    return {
      making: [...making].map(ready),
      sources,
      commands: this.noted.filter((each) => !making.has(each)).map(ready),
      ...{ uniform, live, slots },
    };
  }

  /** Whether it is made by kernels alone, of what comes from outside and this plan leaves as it is. */
  private isOfWeights({ storage, commands }: Kept): boolean {
    return commands.every((command) => {
      if (!('dispatch' in command) || isLive(command.dispatch)) return false;
      const { reads, writes } = operandsOf(command.dispatch);
      const isWeight = (each: Storage): boolean => this.reads.has(each) && !this.writes.has(each);
      return reads.every(isWeight) && writes.every((each) => each === storage);
    });
  }
}

/** A command with another buffer instead of one. */
function moved(command: Noted | Copy, from: Block, to: Block): Noted | Copy {
  const other = <T>(block: T): T | Block => (block === from ? to : block);
  if ('dispatch' in command) return { ...command, blocks: command.blocks.map(other) };
  return { ...command, from: other(command.from), to: other(command.to) };
}

function isLive({ params }: Dispatch): boolean {
  return Object.values(params).some((value) => typeof value === 'function');
}

function bufferOf(end: Copy['from']): GPUBuffer {
  return typeof end === 'function' ? end().block.buffer : end.buffer;
}
