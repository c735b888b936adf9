import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import * as applications from '../../src/models/applications.js';
import { zoo, type ZooName } from '../../src/models/zoo.js';
import { model, type Functional } from '../../src/nn/functional.js';
import { openGpu } from '../setup.js';
import { numbersOf, picture, setWeights } from './rule.js';

beforeAll(openGpu);
afterAll(shutdown);

/** What make_applications.py wrote. */
interface Fixture {
  readonly name: string;
  readonly params: number;
  readonly layers: number;
  readonly layersHash: string;
  readonly weightsHash: string;
  readonly bareParams: number;
  readonly bareLayers: number;
  /** Names of the last layers with average and with maximum pooling. */
  readonly bareEnds: readonly string[];
  readonly size: number;
  readonly gain: number;
  readonly limits: readonly number[];
  /** By layer: mean, root of the mean square, and eight values. */
  readonly results: Readonly<Record<string, readonly number[]>>;
}

function fixtureOf(name: string): Fixture {
  const file = new URL(`../fixtures/applications/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Fixture;
}

function digest(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/** A line for each layer: name, class, shape of the result, number of parameters. */
function described({ layers }: Functional): string[] {
  return layers.map(({ name, className, output, weights }) => {
    const params = weights.reduce((sum, { value }) => sum + value.size, 0);
    return `${name} ${className} [${output.shape.join()}] ${params}`;
  });
}

function weightLines({ weights }: Functional): string[] {
  return weights.map(({ name, value }) => `${name} [${value.shape.join()}]`);
}

async function checkStructure(name: ZooName, fixture: Fixture): Promise<void> {
  const whole = await applications[name]({ initialize: false });
  expect(whole.name).toBe(fixture.name);
  expect(whole.countParams()).toBe(fixture.params);
  expect(whole.layers.length).toBe(fixture.layers);
  expect(digest(described(whole))).toBe(fixture.layersHash);
  expect(digest(weightLines(whole))).toBe(fixture.weightsHash);
  whole.dispose();
  for (const [i, pooling] of (['avg', 'max'] as const).entries()) {
    const bare = await applications[name]({ initialize: false, includeTop: false, pooling });
    expect(bare.countParams()).toBe(fixture.bareParams);
    expect(bare.layers.length).toBe(fixture.bareLayers);
    expect(bare.layers.at(-1)!.name).toBe(fixture.bareEnds[i]);
    bare.dispose();
  }
}

async function checkResults(name: ZooName, fixture: Fixture): Promise<void> {
  const { size, gain, limits, results } = fixture;
  const shape = [size, size, 3];
  const network = await applications[name]({ inputShape: shape, initialize: false });
  setWeights(network, gain);
  const names = Object.keys(results);
  const probe = model({
    inputs: network.inputs,
    outputs: names.map((each) => network.getLayer(each).output),
  });
  const outputs = await probe.predictAll({ data: picture(size, limits), shape: [1, ...shape] });
  for (const [i, output] of outputs.entries()) {
    const expected = results[names[i]!]!;
    const actual = numbersOf(await output.data());
    // Relative to the root of the mean square.
    const worst = Math.max(...actual.map((value, k) => Math.abs(value - expected[k]!)));
    expect(worst / expected[1]!, `${names[i]!}: ${actual.join()}`).toBeLessThanOrEqual(1e-4);
    output.dispose();
  }
  network.dispose();
}

describe("applications are Keras's", () => {
  for (const name of (Object.keys(zoo) as ZooName[]).filter((each) => !/Lite/.test(each))) {
    const fixture = fixtureOf(name);
    it(`${name}: layers, weights and numbers of parameters`, () => checkStructure(name, fixture));
    it(`${name}: the result of each layer`, async () => {
      const before = defaultDevice().memory.info();
      await checkResults(name, fixture);
      const after = defaultDevice().memory.info();
      expect(after.liveStorages).toBe(before.liveStorages);
    });
  }
});
