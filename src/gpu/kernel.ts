import { FoveaError } from '../errors.js';
import { shaderSources } from '../shaders/embedded.js';
import { debug } from './debug.js';
import { outcome } from './failure.js';
import { reflect, type Reflection } from './reflect.js';
import { expand, type Flags } from './template.js';

/** A compiled compute shader with what its WGSL says about its bindings and parameters. */
export interface Kernel extends Reflection {
  readonly id: number;
  readonly name: string;
  readonly flags: Flags;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Set when the shader did not compile. */
  failure: FoveaError | undefined;
}

/** Compiles kernels of one device on first use, and keeps them by their expanded text. */
export class KernelCache {
  private readonly byFlags = new Map<string, Kernel>();
  private readonly byText = new Map<string, Kernel>();

  /** @param expectCheck told about checks that a read has to wait for */
  constructor(
    private readonly gpu: GPUDevice,
    private readonly expectCheck: (check: Promise<void>) => void,
  ) {}

  /** Number of different pipelines compiled so far. */
  get size(): number {
    return this.byText.size;
  }

  /** The kernel of `src/shaders/<name>.wgsl` with these compile-time flags. */
  get(name: string, flags: Flags): Kernel {
    const key = `${name} ${JSON.stringify(flags)}`;
    let kernel = this.byFlags.get(key);
    if (kernel) return kernel;
    const text = expand(shaderSources, name, flags);
    kernel = this.byText.get(text) ?? this.compile(name, flags, text);
    this.byText.set(text, kernel);
    this.byFlags.set(key, kernel);
    return kernel;
  }

  /** Compiles the kernel of a WGSL text given by the caller (user-defined operations). */
  fromText(name: string, text: string): Kernel {
    const kernel = this.byText.get(text) ?? this.compile(name, {}, text);
    this.byText.set(text, kernel);
    return kernel;
  }

  private compile(name: string, flags: Flags, text: string): Kernel {
    debug(4, () => `--- ${name} ${JSON.stringify(flags)}\n${text}`);
    const { gpu } = this;
    const reflection = reflect(text);
    gpu.pushErrorScope('validation');
    const module = gpu.createShaderModule({ label: name, code: text });
    const layout = gpu.createBindGroupLayout({ label: name, entries: layoutEntries(reflection) });
    const pipeline = gpu.createComputePipeline({
      label: name,
      layout: gpu.createPipelineLayout({ label: name, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: 'main' },
    });
    const kernel: Kernel = {
      ...reflection,
      id: this.byText.size,
      name,
      flags,
      pipeline,
      layout,
      failure: undefined,
    };
    const check = async (): Promise<void> => {
      const error = await outcome(gpu.popErrorScope());
      if (error) kernel.failure = compileError(kernel, text, error.message);
    };
    this.expectCheck(check());
    return kernel;
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

function compileError({ name, flags }: Kernel, text: string, message: string): FoveaError {
  // The compiler's message begins with line:column of the expanded text.
  const line = text.split('\n')[Number(/:(\d+):\d+ error/.exec(message)?.[1]) - 1];
  return new FoveaError(
    'VALIDATION',
    `kernel ${name} ${JSON.stringify(flags)} does not compile: ${message}` +
      (line === undefined ? '' : `\n  ${line.trim()}`),
  );
}
