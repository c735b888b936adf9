import { afterAll, beforeAll, expect, it } from 'vitest';
import { shutdown } from '../../src/gpu/init.js';
import { input, model } from '../../src/nn/functional.js';
import * as layers from '../../src/nn/layers/index.js';
import { plotModel } from '../../src/vis/graph.js';
import { openGpu } from '../setup.js';

beforeAll(openGpu);
afterAll(shutdown);

it('a graph has a box for each use of a layer, and a line for each connection', () => {
  const x = input({ shape: [4], name: 'a<b' });
  const shared = layers.dense({ units: 4 });
  const y = shared.apply(shared.apply(x));
  const net = model({ inputs: x, outputs: layers.add().apply([x, y]) });
  const svg = plotModel(net);
  expect(svg.match(/<g>/g)).toHaveLength(4);
  expect(svg.match(/<path/g)).toHaveLength(4);
  expect(svg).toContain('>a&lt;b</text>');
  expect(svg).toContain('>(None, 4)</text>');
  // The line past the dense layers leaves the input at its side, not at its bottom.
  expect(svg.match(/<path d="M[\d.]+ 47 /g)).toHaveLength(1);
  net.dispose();
});
