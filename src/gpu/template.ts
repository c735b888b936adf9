/**
 * The shader template: small on purpose. A `.wgsl` file may use
 *
 * - `#include path` : the text of another shader file, once per expansion;
 * - `#if FLAG` / `#elif FLAG` / `#else` / `#endif` : lines kept when the flag is set and not 0;
 * - `#unroll i COUNT` / `#end` : the lines between, repeated COUNT times with `$i` replaced by
 *   0, 1, 2 … (Tint does not unroll loops; COUNT is an expression such as R*C, without spaces);
 * - `$[$p * S + 1]` : the number, for names that are counted: `x$[$p * S + 1]` is `x5`;
 *
 * and every numeric flag is also a WGSL `const`, every string flag a WGSL `alias` of that name.
 */

/** Compile-time choices of one kernel: numbers and booleans become `const`, strings `alias`. */
export type Flags = Readonly<Record<string, number | boolean | string>>;

/** Looks up the text of a shader by its path without the ending, as `lib/grid`. */
export type Sources = Readonly<Record<string, string>>;

/** Expands the shader `name` to plain WGSL. Throws a plain Error on a malformed template. */
export function expand(sources: Sources, name: string, flags: Flags): string {
  const lines = select(includeAll(sources, name, new Set()), flags, name);
  const body = unroll(lines, flags, name).map((line) => compute(line, flags, name));
  // `enable` and `requires` directives must precede every declaration.
  const isDirective = (line: string): boolean => /^\s*(enable|requires|diagnostic)\b/.test(line);
  return [...body.filter(isDirective), ...prefix(flags), ...body.filter((l) => !isDirective(l))]
    .join('\n')
    .concat('\n');
}

function includeAll(sources: Sources, name: string, seen: Set<string>): string[] {
  const text = sources[name];
  if (text === undefined) throw new Error(`shader template: there is no shader "${name}"`);
  if (seen.has(name)) return [];
  seen.add(name);
  return text.split('\n').flatMap((line) => {
    const path = /^\s*#include\s+(\S+)\s*$/.exec(line)?.[1];
    return path === undefined ? [line] : includeAll(sources, path, seen);
  });
}

function prefix(flags: Flags): string[] {
  return Object.entries(flags).map(([name, value]) => {
    if (typeof value === 'string') return `alias ${name} = ${value};`;
    return `const ${name} = ${Number(value)};`;
  });
}

function select(lines: readonly string[], flags: Flags, name: string): string[] {
  // One entry per open #if: whether its current branch is kept, and whether any branch was.
  const open: { active: boolean; taken: boolean }[] = [];
  const kept: string[] = [];
  for (const line of lines) {
    const [, word, flag] = /^\s*#(if|elif|else|endif)\b\s*(\w*)/.exec(line) ?? [];
    const top = open.at(-1);
    if (word === 'if') {
      const active = Boolean(flags[flag!]);
      open.push({ active, taken: active });
    } else if (word === undefined) {
      if (open.every((branch) => branch.active)) kept.push(line);
    } else if (top === undefined) {
      throw new Error(`shader template: #${word} without #if in "${name}"`);
    } else if (word === 'endif') {
      open.pop();
    } else {
      top.active = !top.taken && (word === 'else' || Boolean(flags[flag!]));
      top.taken ||= top.active;
    }
  }
  if (open.length > 0) throw new Error(`shader template: #if without #endif in "${name}"`);
  return kept;
}

function unroll(lines: readonly string[], flags: Flags, name: string): string[] {
  const out: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [, variable, count] = /^\s*#unroll\s+(\w+)\s+(\S+)\s*$/.exec(lines[at]!) ?? [];
    if (variable === undefined) {
      out.push(lines[at]!);
      continue;
    }
    const end = matchingEnd(lines, at, name);
    const body = lines.slice(at + 1, end);
    for (let i = 0; i < calculate(count!, flags, name); i++) {
      const pattern = new RegExp(`\\$${variable}(?![A-Za-z0-9])`, 'g');
      out.push(
        ...unroll(
          body.map((line) => line.replace(pattern, String(i))),
          flags,
          name,
        ),
      );
    }
    at = end;
  }
  return out;
}

function matchingEnd(lines: readonly string[], start: number, name: string): number {
  let depth = 0;
  for (let at = start; at < lines.length; at++) {
    if (/^\s*#unroll\b/.test(lines[at]!)) depth++;
    else if (/^\s*#end\s*$/.test(lines[at]!) && --depth === 0) return at;
  }
  throw new Error(`shader template: #unroll without #end in "${name}"`);
}

function compute(line: string, flags: Flags, name: string): string {
  return line.replace(/\$\[([^\]]*)\]/g, (_, text: string) => String(calculate(text, flags, name)));
}

/** Value of an expression of whole numbers, flags and the operators + - * / %; 7 / 2 is 3. */
function calculate(text: string, flags: Flags, name: string): number {
  const number = (word: string): number => {
    const value = /^\d+$/.test(word) ? Number(word) : Number(flags[word]);
    if (Number.isInteger(value)) return value;
    throw new Error(`shader template: "${text}" in "${name}" needs flag ${word}`);
  };
  const product = (part: string): number => fold(part, /([*/%])/, number);
  return fold(text, /([+-])/, product);
}

/** Takes the operands of a chain of operators together, from the left. */
function fold(text: string, operators: RegExp, value: (part: string) => number): number {
  const [first, ...rest] = text.split(operators).map((part) => part.trim());
  let total = value(first!);
  for (let i = 0; i < rest.length; i += 2) {
    total = OPERATORS[rest[i]!]!(total, value(rest[i + 1]!));
  }
  return total;
}

const OPERATORS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => Math.floor(a / b),
  '%': (a, b) => a % b,
};
