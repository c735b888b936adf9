/** One buffer that a shader binds, read back from its WGSL: `var<storage>`, or `var<uniform>` of an array. */
export interface StorageBinding {
  readonly name: string;
  readonly binding: number;
  readonly type: GPUBufferBindingType;
  readonly writable: boolean;
}

/** One 32-bit scalar of a shader's `struct Params`. */
export interface ParamField {
  readonly name: string;
  readonly type: 'u32' | 'i32' | 'f32';
}

/** What a kernel needs from outside: the single declaration is the WGSL itself. */
export interface Reflection {
  readonly storage: readonly StorageBinding[];
  /** Binding number of `var<uniform>`; undefined when the kernel takes no parameters. */
  readonly paramsBinding: number | undefined;
  readonly params: readonly ParamField[];
}

/**
 * Reads the bindings and the fields of `struct Params` from expanded WGSL. All bindings are in
 * group 0, `Params` is at most one uniform, and parameters are 32-bit scalars, so that no layout rule of
 * WGSL can shift them.
 */
export function reflect(wgsl: string): Reflection {
  const code = wgsl.replace(/\/\/.*$/gm, '');
  const storage = [
    ...code.matchAll(
      /@group\(0\)\s*@binding\((\d+)\)\s*var<(storage,\s*read|storage,\s*read_write|uniform)>\s*(\w+)\s*:\s*array\b/g,
    ),
  ].map(([, binding, access, name]) => ({
    name: name!,
    binding: Number(binding),
    type:
      access === 'uniform'
        ? ('uniform' as const)
        : access!.endsWith('_write')
          ? ('storage' as const)
          : ('read-only-storage' as const),
    writable: access!.endsWith('_write'),
  }));
  const uniform = /@group\(0\)\s*@binding\((\d+)\)\s*var<uniform>\s*\w+\s*:\s*Params\b/.exec(code);
  const struct = /struct\s+Params\s*\{([^}]*)\}/.exec(code)?.[1] ?? '';
  const params = [...struct.matchAll(/(\w+)\s*:\s*(\w+)/g)].map(([, name, type]) => {
    if (type !== 'u32' && type !== 'i32' && type !== 'f32') {
      throw new Error(`shader parameter ${name!} has type ${type!}; use u32, i32 or f32`);
    }
    return { name: name!, type } as const;
  });
  return { storage, paramsBinding: uniform ? Number(uniform[1]) : undefined, params };
}
