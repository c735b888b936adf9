import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** The text of a file of the repository. */
const text = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

it.each(['first', 'gradients'])('the code in the README is examples/%s.ts', (name) => {
  const withoutComments = (code: string): string => code.replace(/ +\/\/ .*$/gm, '').trim();
  const blocks = [...text('README.md').matchAll(/```ts\n([^]*?)```/g)].map(([, code]) => code!);
  expect(blocks.map(withoutComments)).toContain(withoutComments(text(`examples/${name}.ts`)));
});
