import { FoveaError } from '../errors.js';

/**
 * Float16 in storage. Kernels compute in float32 and are written once; where an operand lies in memory as
 * float16, the type of its binding changes, and what is loaded from it or stored to it is converted: with f32,
 * `y[i] = f(x[i]);` becomes `y[i] = f16(f(f32(x[i])));`.
 *
 * @param wgsl expanded WGSL, whose bindings are arrays
 * @param names the variables whose elements are float16
 * @throws FoveaError ARGUMENT for a variable that cannot be: other types are bits or integers
 */
export function storeHalves(wgsl: string, names: readonly string[]): string {
  if (names.length === 0) return wgsl;
  return names.reduce(storeHalf, `enable f16;\n${wgsl}`);
}

/** How the elements of a binding are stored, and what a value becomes on its way. */
interface Stored {
  readonly type: string;
  load(stored: string): string;
  store(value: string): string;
}

const STORED: Readonly<Record<string, Stored>> = {
  f32: { type: 'f16', load: (stored) => `f32(${stored})`, store: (value) => `f16(${value})` },
  // As two words: software adapters load and store one by one what a vector consists of.
  vec4f: {
    type: 'vec2u',
    load: (stored) => `vec4f(bitcast<vec4h>(${stored}))`,
    store: (value) => `bitcast<vec2u>(vec4h(${value}))`,
  },
};
const AS_THEY_ARE = Object.values(STORED).map(({ type }) => type);

function storeHalf(wgsl: string, name: string): string {
  const declaration = new RegExp(
    `(var<storage,[^>]*>\\s*${name}\\s*:\\s*array<)([\\w<>]+)(>\\s*;)`,
  );
  const given = declaration.exec(wgsl)?.[2] ?? 'no type';
  const alias = new RegExp(`^\\s*alias ${given} = (\\w+);`, 'm').exec(wgsl)?.[1];
  const full = (alias ?? given).replace('vec4<f32>', 'vec4f');
  if (AS_THEY_ARE.includes(full)) return wgsl;
  const half = STORED[full];
  if (half === undefined) {
    throw new FoveaError('ARGUMENT', `"${name}" of ${given} cannot be stored as float16`, {
      hint: 'Use f32 or vec4f in the kernel, or cast(x, "float32").',
    });
  }
  let text = wgsl.replace(declaration, `$1${half.type}$3`);
  // From the end on: what has been rewritten stays behind.
  const uses = [...withoutComments(text).matchAll(new RegExp(`(?<![\\w.])${name}\\[`, 'g'))];
  for (const { index } of uses.reverse()) {
    const code = withoutComments(text);
    const end = closing(code, index + name.length);
    const store = /^\s*=(?!=)/.exec(code.slice(end))?.[0];
    if (store === undefined) {
      text = splice(text, index, end, (stored) => half.load(stored));
    } else {
      const start = end + store.length;
      text = splice(text, start, code.indexOf(';', start), (v) => ` ${half.store(v.trim())}`);
    }
  }
  return text;
}

function splice(text: string, start: number, end: number, by: (part: string) => string): string {
  return text.slice(0, start) + by(text.slice(start, end)) + text.slice(end);
}

/** Comments as blanks, so that every place stays where it is. */
function withoutComments(wgsl: string): string {
  return wgsl.replace(/\/\/.*$/gm, (comment) => ' '.repeat(comment.length));
}

/** The place after the bracket that closes the one at `open`. */
function closing(code: string, open: number): number {
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    if (code[at] === '[') depth++;
    else if (code[at] === ']' && --depth === 0) return at + 1;
  }
  throw new Error('a bracket is not closed');
}
