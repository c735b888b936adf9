/**
 * What differs between Node and a browser. The module `#host` is chosen by the package's `imports`
 * map; nothing else asks where it runs.
 */

/** One place to look for a GPU. */
export interface GpuSource {
  /** For people: 'system Vulkan', 'embedded SwiftShader'. */
  readonly name: string;
  /** Opens it, or says in one line why that is impossible. */
  open(): Promise<GPU | { readonly unavailable: string }>;
}

/** Which adapters `init` may take. */
export type AdapterKind = 'auto' | 'hardware' | 'software';

/** A text that is kept between processes, and can be made again. */
export interface CacheEntry {
  /** Undefined where nothing is kept. */
  read(): Promise<string | undefined>;
  write(text: string): Promise<void>;
}
