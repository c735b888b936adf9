import { FoveaError } from '../errors.js';
import { shaderSources } from '../shaders/embedded.js';
import { debug } from './debug.js';
import { outcome } from './failure.js';
import { storeHalves } from './float16.js';
import { reflect, type Reflection } from './reflect.js';
import { expand, type Flags } from './template.js';

/** A compute shader with what its WGSL says about its bindings and parameters; compiled when used. */
export class Kernel implements Reflection {
  readonly storage: Reflection['storage'];
  readonly paramsBinding: Reflection['paramsBinding'];
  readonly params: Reflection['params'];
  readonly layout: GPUBindGroupLayout;
  /** Set when the shader did not compile. */
  failure: FoveaError | undefined;
  private compiled: GPUComputePipeline | undefined;

  /** @param expectCheck told about checks that a read has to wait for */
  constructor(
    private readonly gpu: GPUDevice,
    private readonly expectCheck: (check: Promise<void>) => void,
    readonly id: number,
    readonly name: string,
    readonly flags: Flags,
    /** The expanded WGSL. */
    readonly text: string,
  ) {
    debug(4, () => `--- ${name} ${JSON.stringify(flags)}\n${text}`);
    const reflection = reflect(text);
    ({
      storage: this.storage,
      paramsBinding: this.paramsBinding,
      params: this.params,
    } = reflection);
    this.layout = gpu.createBindGroupLayout({ label: name, entries: layoutEntries(reflection) });
  }

  /** Whether nothing needs to be compiled any more before it runs. */
  get isCompiled(): boolean {
    return this.compiled !== undefined;
  }

  /** The same kernel on another device; itself on its own. */
  on(gpu: GPUDevice): Kernel {
    if (gpu === this.gpu) return this;
    return new Kernel(gpu, () => undefined, this.id, this.name, this.flags, this.text);
  }

  /** The pipeline, compiled now if it was not before. */
  get pipeline(): GPUComputePipeline {
    if (!this.compiled) {
      this.gpu.pushErrorScope('validation');
      this.compiled = this.gpu.createComputePipeline(this.descriptor());
      this.expectCheck(this.check(this.gpu.popErrorScope()));
    }
    return this.compiled;
  }

  /** Compiles it beside other work. What is wrong with it is said when it is used. */
  async compile(): Promise<void> {
    if (this.compiled) return;
    this.gpu.pushErrorScope('validation');
    const pipeline = this.gpu.createComputePipelineAsync(this.descriptor());
    const error = outcome(this.gpu.popErrorScope());
    try {
      this.compiled ??= await pipeline;
    } catch {
      // It is compiled once more when it is used, and its failure is noted then.
    }
    await error;
  }

  private descriptor(): GPUComputePipelineDescriptor {
    const { gpu, name: label, text: code, layout } = this;
    return {
      label,
      layout: gpu.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module: gpu.createShaderModule({ label, code }), entryPoint: 'main' },
    };
  }

  private async check(scope: Promise<GPUError | null>): Promise<void> {
    const error = await outcome(scope);
    if (error) this.failure = compileError(this, error.message);
  }
}

/** The kernels of one device, kept by their expanded text. */
export class KernelCache {
  private readonly byFlags = new Map<string, Kernel>();
  private readonly byText = new Map<string, Kernel>();

  /** @param expectCheck told about checks that a read has to wait for */
  constructor(
    private readonly gpu: GPUDevice,
    private readonly expectCheck: (check: Promise<void>) => void,
  ) {}

  /** Number of different kernels used so far. */
  get size(): number {
    return this.byText.size;
  }

  /**
   * The kernel of `src/shaders/<name>.wgsl` with these compile-time flags.
   *
   * @param halves the variables that are stored as float16
   */
  get(name: string, flags: Flags, halves: readonly string[] = []): Kernel {
    const key = `${name} ${JSON.stringify(flags)} ${halves.join()}`;
    let kernel = this.byFlags.get(key);
    if (kernel) return kernel;
    const text = storeHalves(expand(shaderSources, name, flags), halves);
    kernel = this.byText.get(text) ?? this.create(name, flags, text);
    this.byText.set(text, kernel);
    this.byFlags.set(key, kernel);
    return kernel;
  }

  /** The kernel of a WGSL text given by the caller (user-defined operations). */
  fromText(name: string, text: string): Kernel {
    const kernel = this.byText.get(text) ?? this.create(name, {}, text);
    this.byText.set(text, kernel);
    return kernel;
  }

  private create(name: string, flags: Flags, text: string): Kernel {
    return new Kernel(this.gpu, this.expectCheck, this.byText.size, name, flags, text);
  }
}

function layoutEntries({ storage, paramsBinding }: Reflection): GPUBindGroupLayoutEntry[] {
  const entries: GPUBindGroupLayoutEntry[] = storage.map(({ binding, type }) => ({
    binding,
    visibility: GPUShaderStage.COMPUTE,
    buffer: { type },
  }));
  if (paramsBinding !== undefined) {
    entries.push({
      binding: paramsBinding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: 'uniform', hasDynamicOffset: true },
    });
  }
  return entries;
}

function compileError({ name, flags, text }: Kernel, message: string): FoveaError {
  // The compiler's message begins with line:column of the expanded text.
  const line = text.split('\n')[Number(/:(\d+):\d+ error/.exec(message)?.[1]) - 1];
  return new FoveaError(
    'VALIDATION',
    `kernel ${name} ${JSON.stringify(flags)} does not compile: ${message}` +
      (line === undefined ? '' : `\n  ${line.trim()}`),
  );
}
