import { describe, expect, it } from 'vitest';
import { reflect } from '../../src/gpu/reflect.js';
import { expand, type Flags } from '../../src/gpu/template.js';

/** The expansion of one text, without the prefix lines of its flags. */
function body(text: string, flags: Flags = {}): string[] {
  return expand({ main: text }, 'main', flags)
    .split('\n')
    .filter((line) => line !== '' && !/^(const|alias) \w+ = /.test(line));
}

describe('include', () => {
  it('brings the text of another shader, once', () => {
    const sources = {
      main: '#include lib/a\n  #include lib/b\nm',
      'lib/a': '#include lib/b\na',
      'lib/b': 'b',
    };
    expect(expand(sources, 'main', {})).toBe('b\na\nm\n');
  });

  it('survives a circle', () => {
    expect(expand({ a: '#include b\na', b: '#include a\nb' }, 'a', {})).toBe('b\na\n');
  });

  it('throws for a missing shader', () => {
    expect(() => body('#include nowhere')).toThrow('there is no shader "nowhere"');
  });
});

describe('conditions', () => {
  const chain = '#if A\na\n#elif B\nb\n#else\nc\n#endif\nend';

  it.each([
    [{ A: true }, 'a'],
    [{ A: 1, B: true }, 'a'],
    [{ B: true }, 'b'],
    [{ A: 0, B: false }, 'c'],
    [{}, 'c'],
  ] as const)('%o keeps %s', (flags, kept) => {
    expect(body(chain, flags)).toEqual([kept, 'end']);
  });

  it.each([
    [{}, []],
    [{ A: true }, ['a', 'not b']],
    [{ A: true, B: true }, ['a', 'b']],
    [{ B: true }, []],
  ] as const)('nest: %o', (flags, kept) => {
    const text = '#if A\na\n#if B\nb\n#else\nnot b\n#endif\n#endif';
    expect(body(text, flags)).toEqual(kept);
  });

  it.each(['#endif', '#else', '#elif A'])('%s without #if throws', (line) => {
    expect(() => body(line)).toThrow(`${line.split(' ')[0]!} without #if in "main"`);
  });

  it('#if without #endif throws', () => {
    expect(() => body('#if A\na')).toThrow('#if without #endif in "main"');
  });
});

describe('unroll', () => {
  it('repeats lines by a number, a flag or a product', () => {
    expect(body('#unroll i 2\nx$i = $i;\n#end')).toEqual(['x0 = 0;', 'x1 = 1;']);
    expect(body('#unroll i N\n$i\n#end', { N: 3 })).toEqual(['0', '1', '2']);
    expect(body('#unroll i R*2\n$i\n#end', { R: 2 })).toEqual(['0', '1', '2', '3']);
    expect(body('#unroll i 0\n$i\n#end\nend')).toEqual(['end']);
  });

  it('nests, and keeps longer names apart', () => {
    const text = '#unroll i 2\n#unroll j 2\n$i$j $ii\n#end\n#end';
    expect(body(text)).toEqual(['00 $ii', '01 $ii', '10 $ii', '11 $ii']);
  });

  it('ends a name at anything but letters and digits', () => {
    expect(body('#unroll i 1\na$i_b $i. $i$i $ix\n#end')).toEqual(['a0_b 0. 00 $ix']);
  });

  it('throws without #end, and for a count that is no flag', () => {
    expect(() => body('#unroll i 2\nx')).toThrow('#unroll without #end in "main"');
    expect(() => body('#unroll i R*N\n#end', { R: 2 })).toThrow('"R*N" in "main" needs flag N');
  });
});

describe('computed numbers', () => {
  it.each([
    ['x$[2 * S + 1]', 'x7'],
    ['$[7 / S * S + 7 % S]', '7'],
    ['$[K-1]_$[K - 1 - S]', '4_1'],
    ['a[$[S]] = b;', 'a[3] = b;'],
  ])('%s', (text, expanded) => {
    expect(body(text, { S: 3, K: 5 })).toEqual([expanded]);
  });

  it('take the variables of #unroll, and serve as counts', () => {
    expect(body('#unroll i K-3\nx$[$i * K]\n#end', { K: 5 })).toEqual(['x0', 'x5']);
  });

  it('throw for what is neither number nor flag', () => {
    expect(() => body('x$[2 * S]')).toThrow('"2 * S" in "main" needs flag S');
  });
});

describe('prefix', () => {
  it('turns numbers into const and strings into alias, after the directives', () => {
    const sources = { main: '// head\nenable subgroups;\nrequires x;\nfn f() {}' };
    expect(expand(sources, 'main', { WG: 64, VEC: true, T: 'vec4f' })).toBe(
      'enable subgroups;\nrequires x;\nconst WG = 64;\nconst VEC = 1;\nalias T = vec4f;\n' +
        '// head\nfn f() {}\n',
    );
  });
});

describe('reflect', () => {
  const wgsl = `
    struct Params { n: u32, shift: i32, // a comment: f16
      scale: f32 }
    @group(0) @binding(0) var<storage, read> x: array<f32>;
    // @group(0) @binding(7) var<storage, read> old: array<f32>;
    @group(0) @binding(2) var<storage,read_write> y: array<vec4f>;
    @group(0) @binding(3) var<uniform> p: Params;`;

  it('reads bindings, access and parameters', () => {
    expect(reflect(wgsl)).toEqual({
      storage: [
        { name: 'x', binding: 0, type: 'read-only-storage', writable: false },
        { name: 'y', binding: 2, type: 'storage', writable: true },
      ],
      paramsBinding: 3,
      params: [
        { name: 'n', type: 'u32' },
        { name: 'shift', type: 'i32' },
        { name: 'scale', type: 'f32' },
      ],
    });
  });

  it('finds nothing in a library file', () => {
    expect(reflect('fn f() {}')).toEqual({ storage: [], paramsBinding: undefined, params: [] });
  });

  it('refuses parameters that are not 32-bit scalars', () => {
    expect(() => reflect('struct Params { v: vec4f }')).toThrow('v has type vec4f');
  });
});
