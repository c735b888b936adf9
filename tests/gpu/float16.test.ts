import { describe, expect, it } from 'vitest';
import { storeHalves } from '../../src/gpu/float16.js';

const kernel = `// y[i] = x[i] * 2
alias T = vec4f;
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> at: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
fn f(i: u32) {
  if (x[at[i]].x == 0) { y[i] = 1; } // y[i] = 2
  y[i + u32(x[0].x)] = y[i] *
    x[at[i]].w;
}
`;

describe('storeHalves', () => {
  it('converts what is loaded and stored, and nothing else', () => {
    expect(storeHalves(kernel, ['x', 'y'])).toBe(`enable f16;
// y[i] = x[i] * 2
alias T = vec4f;
@group(0) @binding(0) var<storage, read> x: array<vec2u>;
@group(0) @binding(1) var<storage, read> at: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f16>;
fn f(i: u32) {
  if (vec4f(bitcast<vec4h>(x[at[i]])).x == 0) { y[i] = f16(1); } // y[i] = 2
  y[i + u32(vec4f(bitcast<vec4h>(x[0])).x)] = f16(f32(y[i]) *
    vec4f(bitcast<vec4h>(x[at[i]])).w);
}
`);
  });

  it('leaves a kernel alone where nothing is float16, or it moves bits as they are', () => {
    expect(storeHalves(kernel, [])).toBe(kernel);
    const copy = '@group(0) @binding(0) var<storage, read> x: array<f16>;\nlet a = x[0];\n';
    expect(storeHalves(copy, ['x'])).toBe(`enable f16;\n${copy}`);
  });

  it('knows vec4f by its long name', () => {
    const long = '@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;\nlet a = x[0];\n';
    expect(storeHalves(long, ['x'])).toContain(
      'x: array<vec2u>;\nlet a = vec4f(bitcast<vec4h>(x[0]));',
    );
  });

  it('refuses integers, and what the kernel does not have', () => {
    expect(() => storeHalves(kernel, ['at'])).toThrow('"at" of u32 cannot be stored as float16');
    expect(() => storeHalves(kernel, ['z'])).toThrow('"z" of no type cannot be stored as float16');
  });
});
