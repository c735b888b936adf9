// Gathers src/shaders/**/*.wgsl into src/shaders/embedded.ts, so that the library reads no file and
// fetches nothing at run time: the same module serves Node, bundlers and a plain browser page.
import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';

const root = new URL('../src/shaders/', import.meta.url);
const names = readdirSync(root, { recursive: true })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.wgsl'))
  .sort();
const entries = names.map((name) => {
  const text = readFileSync(new URL(name, root), 'utf8');
  return `  ${JSON.stringify(name.slice(0, -'.wgsl'.length))}: ${JSON.stringify(text)},\n`;
});
const module =
  '// Written by scripts/embed-shaders.mjs from the .wgsl files beside it. Do not edit.\n' +
  `export const shaderSources: Readonly<Record<string, string>> = {\n${entries.join('')}};\n`;

const target = new URL('embedded.ts', root);
const temporary = new URL(`embedded.ts.${process.pid}`, root);
writeFileSync(temporary, module);
renameSync(temporary, target);
