import { describe, expect, it } from 'vitest';
import type { Image } from '../../src/io/images/image.js';
import { strokeLine, textWidth } from '../../src/vis/canvas.js';
import { confusionImage, lineChartImage } from '../../src/vis/chart_png.js';
import { confusionMatrix } from '../../src/vis/confusion.js';
import { parseHex } from '../../src/vis/palette.js';
import { blank } from '../../src/vis/raster.js';
import { niceScale, shortNumber, stretches } from '../../src/vis/scale.js';
import { confusionSvg, lineChartSvg } from '../../src/vis/svg.js';

const chart = {
  title: 'Loss <&> "x"',
  series: [
    { name: 'train', values: [2, 1, 0.5, 0.25] },
    { name: 'validation', values: [2.2, NaN, 0.7, 0.6], dashed: true },
  ],
};
const matrix = confusionMatrix([0, 0, 1, 1, 1], [0, 1, 1, 1, 1], ['<a>', 'b']);
const count = (text: string, part: string) => text.split(part).length - 1;

function shareOf(image: Image, hex: string): number {
  const [r, g, b] = parseHex(hex);
  let pixels = 0;
  for (let at = 0; at < image.data.length; at += 3) {
    if (image.data[at] === r && image.data[at + 1] === g && image.data[at + 2] === b) pixels += 1;
  }
  return pixels / (image.width * image.height);
}

describe('scales', () => {
  it('ticks are round and cover the range', () => {
    expect(niceScale(0.03, 2.2, 5).ticks).toEqual([0, 0.5, 1, 1.5, 2, 2.5]);
    const { low, high, ticks, format } = niceScale(0.9312, 0.9388, 5);
    expect(low).toBeLessThanOrEqual(0.9312);
    expect(high).toBeGreaterThanOrEqual(0.9388);
    expect(ticks.map(format)).toEqual(['0.930', '0.932', '0.934', '0.936', '0.938', '0.940']);
    expect(niceScale(3, 3, 5).ticks.length).toBeGreaterThan(2);
    expect(niceScale(0, 0, 5).ticks).toContain(0);
  });

  it('numbers are short, gaps split lines', () => {
    expect([0, 0.123456, 0.00001, 12345678].map(shortNumber)).toEqual([
      '0',
      '0.1235',
      '1.00e-5',
      '1.23e+7',
    ]);
    expect(stretches([1, NaN, 2, 3])).toEqual([
      [[1, 1]],
      [
        [3, 2],
        [4, 3],
      ],
    ]);
  });
});

describe('line chart as SVG', () => {
  const svg = lineChartSvg(chart);

  it('has a role, an escaped title, and one line per stretch', () => {
    expect(svg).toMatch(/^<svg [^>]*role="img"/);
    expect(svg).toContain('<title>Loss &lt;&amp;&gt; &quot;x&quot;</title>');
    expect(svg).not.toContain('<&>');
    expect(count(svg, '<polyline')).toBe(2);
    expect(count(svg, '<circle')).toBe(1);
    expect(svg).not.toContain('NaN,');
  });

  it('dashes validation only, and its legend tells the last values', () => {
    expect(count(svg, '<polyline')).toBe(2);
    expect(svg.match(/<polyline[^>]*stroke-dasharray/g)).toHaveLength(1);
    expect(svg).toContain('train  0.25');
    expect(svg).toContain('validation  0.6');
  });

  it('higher values are higher up, later epochs further right', () => {
    const points = /<polyline points="([^"]*)"/.exec(svg)![1]!.split(' ');
    const xs = points.map((point) => Number(point.split(',')[0]));
    const ys = points.map((point) => Number(point.split(',')[1]));
    expect(xs).toEqual([...xs].sort((a, b) => a - b));
    expect(ys).toEqual([...ys].sort((a, b) => a - b));
  });

  it('refuses to draw nothing', () => {
    const series = [{ name: 'loss', values: [NaN] }];
    expect(() => lineChartSvg({ title: 'Loss', series })).toThrow(/'Loss' has no finite value/);
  });
});

it('confusion matrix as SVG: a cell per pair with its count, row is truth', () => {
  const svg = confusionSvg(matrix);
  expect(count(svg, '<rect')).toBe(4);
  expect(svg).toContain('<title>truth &lt;a&gt;, predicted b: 1</title>');
  expect(svg).toContain('<title>truth b, predicted &lt;a&gt;: 0</title>');
  expect(svg).toContain('<title>truth b, predicted b: 3</title>');
  expect(svg).toContain('80.0 % of 5 right');
});

describe('pictures', () => {
  it('a smooth line covers its length times its width', () => {
    const image = blank(100, 80, [0, 0, 0]);
    strokeLine(
      image,
      [
        [10, 10],
        [50, 40],
        [90, 10],
      ],
      [255, 255, 255],
      4,
    );
    const ink = image.data.reduce((sum, v) => sum + v, 0) / (3 * 255);
    const area = 100 * 4 + Math.PI * 4;
    expect(ink).toBeGreaterThan(area * 0.95);
    expect(ink).toBeLessThan(area * 1.05);
  });

  it('a dashed line covers its share', () => {
    const ink = (dash?: readonly [number, number]) => {
      const image = blank(420, 9, [0, 0, 0]);
      strokeLine(
        image,
        [
          [10, 4.5],
          [210, 4.5],
          [410, 4.5],
        ],
        [255, 255, 255],
        1,
        dash,
      );
      return image.data.reduce((sum, v) => sum + v, 0);
    };
    expect(ink([20, 20]) / ink()).toBeCloseTo(0.525, 1);
  });

  it('the chart has both lines in their colours', () => {
    const image = lineChartImage(chart);
    expect(shareOf(image, '#0072b2')).toBeGreaterThan(0.003);
    expect(shareOf(image, '#d55e00')).toBeGreaterThan(0.001);
    expect(shareOf(image, '#ffffff')).toBeGreaterThan(0.9);
  });

  it('the matrix has a blue diagonal and orange mistakes', () => {
    const image = confusionImage(matrix);
    expect(shareOf(image, '#005493')).toBeGreaterThan(0.003);
    // Half of class <a> is mistaken: the square root of 0.5 from pale to strong orange.
    expect(shareOf(image, '#cd773c')).toBeGreaterThan(0.003);
  });

  it('text widths add up, unknown characters count as a question mark', () => {
    expect(textWidth('ab')).toBe(textWidth('a') + textWidth('b'));
    expect(textWidth('é')).toBe(textWidth('?'));
  });
});
