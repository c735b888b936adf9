import { expect, it } from 'vitest';
import { decodeImage, type Image } from '../../src/io/images/image.js';
import { htmlReport } from '../../src/vis/report.js';
import { lineChartSvg } from '../../src/vis/svg.js';

const evil = `<script>alert("x")</script>&'`;
const image: Image = { width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 255) };
const html = htmlReport({
  title: evil,
  intro: evil,
  sections: [
    {
      title: evil,
      blocks: [
        { kind: 'text', text: `${evil}\n\nsecond` },
        { kind: 'numbers', items: [[evil, evil]] },
        { kind: 'image', image, alt: evil, caption: evil },
        {
          kind: 'gallery',
          caption: evil,
          items: [
            { image, caption: evil, ok: true },
            { image, caption: 'b', alt: evil, ok: false },
            { image, caption: 'c' },
          ],
        },
        { kind: 'table', caption: evil, columns: ['class', evil, 'n'], rows: [[evil, '0.5', 3]] },
        {
          kind: 'figure',
          svg: lineChartSvg({ title: evil, series: [{ name: evil, values: [1, 2] }] }),
          caption: evil,
        },
      ],
    },
  ],
});

it('escapes every text', () => {
  expect(html).not.toContain('<script');
  expect(html).not.toContain(`"x"`);
  expect(html.split('&lt;script&gt;alert(&quot;x&quot;)').length).toBeGreaterThan(15);
});

it('is one page without network: no outside address but the SVG namespace', () => {
  const addresses = html.match(/(?:https?:)?\/\/[a-z][\w.]*/g) ?? [];
  expect(addresses.filter((address) => address !== 'http://www.w3.org')).toEqual([]);
  expect(html).not.toMatch(/@import|url\(|<link|src="(?!data:image\/png;base64,)/);
});

it('pictures are PNG data with alternative text; small ones have sharp pixels', async () => {
  const tags = html.match(/<img[^>]*>/g)!;
  expect(tags).toHaveLength(4);
  for (const tag of tags) {
    expect(tag).toMatch(/alt="[^"]+"/);
    expect(tag).toContain('class="pixels"');
    const data = /base64,([^"]*)/.exec(tag)![1]!;
    expect(await decodeImage(Buffer.from(data, 'base64'))).toEqual(image);
  }
});

it('marks right and wrong in words', () => {
  expect(html.match(/✓ right/g)).toHaveLength(1);
  expect(html.match(/✗ wrong/g)).toHaveLength(1);
});

it('tables have a caption, header cells, and numbers to the right', () => {
  expect(html).toMatch(/<table><caption>&lt;script/);
  expect(html).toContain('<th scope="col">class</th>');
  expect(html).toContain('<td class="num">0.5</td><td class="num">3</td>');
  expect(html).toMatch(/<th scope="row">&lt;script/);
});

it('paragraphs are split at blank lines; contents appear from three sections on', () => {
  expect(html).toContain('<p>second</p>');
  expect(html).not.toContain('<nav');
  const sections = ['a', 'b', 'c'].map((title) => ({ title, blocks: [] }));
  const long = htmlReport({ title: 't', language: 'de', sections });
  expect(long).toContain('<a href="#s3">c</a>');
  expect(long).toContain('<section id="s3"');
  expect(long).toContain('<html lang="de">');
});
