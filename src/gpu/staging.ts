/** Larger buffers are not kept. */
const MAX_KEPT_BYTES = 2 ** 20;
const MAX_KEPT = 16;

/** Buffers for reading back. Small ones serve one read after another. */
export class Staging {
  private readonly free: GPUBuffer[] = [];

  constructor(private readonly gpu: GPUDevice) {}

  /** A buffer of at least so many bytes. */
  take(bytes: number): GPUBuffer {
    const size = bytes > MAX_KEPT_BYTES ? bytes : 2 ** Math.max(8, Math.ceil(Math.log2(bytes)));
    const index = this.free.findIndex((buffer) => buffer.size === size);
    if (index >= 0) return this.free.splice(index, 1)[0]!;
    return this.gpu.createBuffer({
      label: 'read',
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
  }

  /** Takes a buffer back that has been mapped. */
  give(buffer: GPUBuffer): void {
    buffer.unmap();
    this.free.push(buffer);
    if (buffer.size > MAX_KEPT_BYTES) this.free.pop()!.destroy();
    else if (this.free.length > MAX_KEPT) this.free.shift()!.destroy();
  }
}
