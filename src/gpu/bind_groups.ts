import { createBindGroup, type Dispatch } from './commands.js';
import type { Block } from './memory.js';

const MAX_CACHED = 8192;

/** Bind groups of eager dispatches, kept by kernel and buffers. */
export class BindGroups {
  private readonly cached = new Map<string, { group: GPUBindGroup; blocks: Block[] }>();

  /**
   * @param uniform the buffer of the parameters
   * @param counters where new ones are counted
   */
  constructor(
    private readonly gpu: GPUDevice,
    private readonly uniform: GPUBuffer,
    private readonly counters: { bindGroups: number },
  ) {}

  /** The bind group of a dispatch. */
  get(dispatch: Dispatch): GPUBindGroup {
    const { kernel, bindings } = dispatch;
    let key = String(kernel.id);
    for (const { name } of kernel.storage) {
      const { storage, offset, bytes } = bindings[name]!;
      key += `|${storage.block.id},${offset},${bytes}`;
    }
    const before = this.cached.get(key);
    if (before) return before.group;
    if (this.cached.size >= MAX_CACHED) this.cached.clear();
    const blocks = kernel.storage.map(({ name }) => bindings[name]!.storage.block);
    const group = createBindGroup(this.gpu, dispatch, blocks, this.uniform);
    this.cached.set(key, { group, blocks });
    this.counters.bindGroups++;
    return group;
  }

  /** Drops those of a buffer that is about to be destroyed. */
  forget(block: Block): void {
    for (const [key, { blocks }] of this.cached) {
      if (blocks.includes(block)) this.cached.delete(key);
    }
  }
}
