/**
 * Float16 in storage. Kernels compute in float32 and are written once; where an operand lies in memory as
 * float16, the type of its binding changes, and what is loaded from it or stored to it is converted:
 * `y[i] = f(x[i]);` becomes `y[i] = vec4h(f(vec4f(x[i])));`.
 *
 * @param wgsl expanded WGSL, whose bindings are arrays
 * @param names the variables whose elements are float16
 * @throws an Error for a variable that cannot be: other types are bits or integers
 */
export function storeHalves(wgsl: string, names: readonly string[]): string {
  if (names.length === 0) return wgsl;
  return names.reduce(storeHalf, `enable f16;\n${wgsl}`);
}

const HALVES: Readonly<Record<string, string>> = { f32: 'f16', vec2f: 'vec2h', vec4f: 'vec4h' };

function storeHalf(wgsl: string, name: string): string {
  const declaration = new RegExp(`(var<storage,[^>]*>\\s*${name}\\s*:\\s*array<)(\\w+)(>)`);
  const given = declaration.exec(wgsl)?.[2] ?? '';
  const alias = new RegExp(`^\\s*alias ${given} = (\\w+);`, 'm').exec(wgsl)?.[1];
  const full = alias ?? given;
  const half = HALVES[full];
  // What moves values as they are may choose the type of float16 by itself.
  if (Object.values(HALVES).includes(full)) return wgsl;
  if (half === undefined) throw new Error(`"${name}" of ${given} cannot be stored as float16`);
  let text = wgsl.replace(declaration, `$1${half}$3`);
  // From the end on: what has been rewritten stays behind.
  const uses = [...withoutComments(text).matchAll(new RegExp(`(?<![\\w.])${name}\\[`, 'g'))];
  for (const { index } of uses.reverse()) {
    const code = withoutComments(text);
    const end = closing(code, index + name.length);
    const store = /^\s*=(?!=)/.exec(code.slice(end))?.[0];
    if (store === undefined) {
      text = splice(text, index, end, (load) => `${full}(${load})`);
    } else {
      const start = end + store.length;
      text = splice(text, start, code.indexOf(';', start), (v) => ` ${half}(${v.trim()})`);
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
