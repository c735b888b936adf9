import { describe, expect, it } from 'vitest';
import type { Image } from '../../src/io/images/image.js';
import { trainingReport, type TrainingRun } from '../../src/vis/training_report.js';

const labels = Array.from({ length: 300 }, (_, i) => i % 3);
const predictions = labels.map((label, i) => (i % 5 === 0 ? (label + 1) % 3 : label));

function run(shown: number[] = []): TrainingRun {
  return {
    title: 'A <run>',
    history: { loss: [2, 1], val_loss: [2.5, 2], accuracy: [0.5, 0.75], learning_rate: [1, 0.1] },
    classNames: ['cat & dog', 'owl', '<fish>'],
    judged: {
      ...{ set: 'test', labels, predictions },
      scores: labels.map((_, i) => 1 - i / 1000),
      files: labels.map((label, i) => `/pictures/${label}/${i}.png`),
      picture: (index) => {
        shown.push(index);
        const image: Image = { width: 2, height: 1, channels: 1, data: Uint8Array.of(index, 9) };
        return Promise.resolve(image);
      },
    },
    layers: [
      { name: 'dense', type: 'Dense', output: '(None, 3)', parameters: 1234, trained: true },
    ],
    config: { lr: null, batch: 32 },
    environment: { adapter: 'a "GPU"' },
  };
}

describe('trainingReport', () => {
  it('links each cell that has samples to its pictures, and no other', async () => {
    const html = await trainingReport(run());
    const links = [...html.matchAll(/<a href="#(cell-\d-\d)"/g)].map(([, id]) => id!);
    const targets = [...html.matchAll(/class="target" id="(cell-\d-\d)"/g)].map(([, id]) => id!);
    expect(links.sort()).toEqual([
      'cell-0-0',
      'cell-0-1',
      'cell-1-1',
      'cell-1-2',
      'cell-2-0',
      'cell-2-2',
    ]);
    expect(targets.sort()).toEqual(links);
    expect(html).toContain('&lt;fish&gt;, taken for cat &amp; dog: 12 of 20');
    expect(html).toContain('owl, recognised: 6 of 80');
  });

  it('shows the mistakes that were most sure, few pictures in all, no code', async () => {
    const shown: number[] = [];
    const html = await trainingReport(run(shown));
    // Three cells of mistakes with 12, three with 6, and 24 of the worst.
    expect(shown).toHaveLength(3 * 12 + 3 * 6 + 24);
    expect(shown.slice(-24)).toEqual(Array.from({ length: 24 }, (_, i) => 5 * i));
    expect(html).toContain('cat &amp; dog, taken for owl: 100.0 % (0/0.png)');
    expect(html).not.toContain('<fish>');
    expect(html).not.toContain('<script');
    expect(html).toContain('A &lt;run&gt;');
    expect(await trainingReport(run())).toBe(html);
  });

  it('tells results, curves, layers and configuration', async () => {
    const html = await trainingReport(run());
    for (const part of [
      '80.0 %',
      '>Loss<',
      '>Accuracy<',
      '>Learning_rate<',
      '1,234',
      'batch',
      'a &quot;GPU&quot;',
    ]) {
      expect(html).toContain(part);
    }
  });
});
