import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { defaultDevice, shutdown } from '../../src/gpu/init.js';
import * as applications from '../../src/models/applications.js';
import { tensor } from '../../src/tensor.js';
import { openGpu } from '../setup.js';

beforeAll(openGpu);
afterAll(shutdown);

const { mobileNetV2, resNet50, inceptionV3 } = applications;

describe('options of applications', () => {
  it('makes other classifiers and other sizes', async () => {
    const network = await mobileNetV2({
      ...{ inputShape: [40, 56, 1], classes: 7, classifierActivation: null, name: 'mine' },
      initialize: false,
    });
    expect(network.name).toBe('mine');
    expect(network.inputShape).toEqual([40, 56, 1]);
    expect(network.outputShape).toEqual([7]);
    expect(network.activationName).toBe('linear');
    network.dispose();
  });

  it('gives maps without top and pooling', async () => {
    const network = await resNet50({
      ...{ includeTop: false, inputShape: [64, 96, 3], initialize: false },
    });
    expect(network.outputShape).toEqual([2, 3, 2048]);
    network.dispose();
  });

  it('makes equal weights of equal seeds, and others of others', async () => {
    const options = { inputShape: [32, 32, 3], includeTop: false } as const;
    const first = async (seed: number): Promise<number[]> => {
      const network = await mobileNetV2({ ...options, seed });
      expect(network.seed).toBe(seed);
      const values = [...(await network.weights[0]!.value.data())];
      network.dispose();
      return values;
    };
    const one = await first(1);
    expect(new Set(one).size).toBeGreaterThan(800);
    expect(await first(1)).toEqual(one);
    expect(await first(2)).not.toEqual(one);
  });

  it('refuses what no network can be made of, and leaves nothing behind', async () => {
    const before = defaultDevice().memory.info();
    await expect(inceptionV3({ inputShape: [74, 75, 3] })).rejects.toThrow(
      /inception_v3: pictures must have at least 75 x 75 pixels, got inputShape \[74, 75, 3\]/,
    );
    await expect(resNet50({ inputShape: [32, 32] })).rejects.toThrow(
      /resnet50: inputShape must be \[height, width, channels\], got \[32, 32\]/,
    );
    await expect(resNet50({ includeTop: false, classes: 10 })).rejects.toThrow(
      /classes and classifierActivation belong to the top/,
    );
    await expect(resNet50({ includeTop: true, pooling: 'avg' })).rejects.toThrow(/pooling/);
    await expect(resNet50({ classes: 0 })).rejects.toThrow(/classes must be an integer/);
    await expect(resNet50({ pooling: 'sum' } as never)).rejects.toThrow(/allowed are 'avg', 'max'/);
    await expect(resNet50({ alpha: 1 } as never)).rejects.toThrow(/unknown options 'alpha'/);
    expect(defaultDevice().memory.info().liveBytes).toBe(before.liveBytes);
  });
});

describe('preprocessInput', () => {
  const pixel = { data: [10, 20, 30], shape: [1, 1, 1, 3] };
  const of = (name: applications.ZooName): number[] => [
    ...applications.preprocessInput(name, pixel).data,
  ];
  const expectClose = (actual: number[], expected: number[]): void => {
    actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
  };

  // The numbers of keras.applications.*.preprocess_input.
  it("follows Keras's rule of each network", () => {
    expectClose(of('resNet50'), [-73.939, -96.779, -113.68]);
    expectClose(of('vgg16'), [-73.939, -96.779, -113.68]);
    expectClose(of('inceptionV3'), [-0.9215686, -0.8431373, -0.7647059]);
    expectClose(of('efficientNetB0'), [10, 20, 30]);
    expectClose(of('efficientNetLite0'), [-117 / 128, -107 / 128, -97 / 128]);
  });

  it('stays within the range of the contract', () => {
    for (const name of ['vgg16', 'mobileNetV2', 'efficientNetB0', 'efficientNetLite0'] as const) {
      const { range, size } = applications.inputContract(name);
      const extremes = { data: [0, 0, 0, 255, 255, 255], shape: [2, 3] };
      const { data } = applications.preprocessInput(name, extremes);
      expect(Math.min(...data)).toBeCloseTo(range[0], 5);
      expect(Math.max(...data)).toBeCloseTo(range[1], 4);
      expect(size).toEqual([224, 224]);
    }
  });

  it('says once when pictures were scaled before', () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const black = { data: [0, 0, 0], shape: [1, 3] };
    const scaled = { data: [0, 0.5, 1], shape: [1, 3] };
    for (const pictures of [black, pixel, scaled, scaled]) {
      applications.preprocessInput('vgg16', pictures);
    }
    expect(write.mock.calls).toEqual([[expect.stringMatching(/takes values of 0 to 255/)]]);
    write.mockRestore();
  });

  it('refuses other channels and unknown networks', () => {
    const grey = { data: [1, 2], shape: [1, 2, 1] };
    expect(() => applications.preprocessInput('vgg16', grey)).toThrow(/three channels/);
    expect(() => applications.inputContract('alexnet' as never)).toThrow(
      /no network 'alexnet'\n {2}The networks are vgg16, /,
    );
  });
});

describe('decodePredictions', () => {
  it('gives the highest scores of each row', async () => {
    const scores = new Float32Array(2000);
    scores.set([0.5, 0.25], 281);
    scores[1000] = 1;
    const y = tensor(scores, [2, 1000]);
    const [first, second] = await applications.decodePredictions(y, { top: 2 });
    expect(first).toEqual([
      { index: 281, id: 'n02123045', label: 'tabby', score: 0.5 },
      { index: 282, id: 'n02123159', label: 'tiger_cat', score: 0.25 },
    ]);
    expect(second![0]).toEqual({ index: 0, id: 'n01440764', label: 'tench', score: 1 });
    expect(second!.length).toBe(2);
    y.dispose();
  });

  it('refuses other shapes', async () => {
    const scores = { data: new Float32Array(10), shape: [1, 10] };
    await expect(applications.decodePredictions(scores)).rejects.toThrow(
      /takes scores \[n, 1000\], got \[1, 10\]/,
    );
  });
});
