import { formatBatch } from './data.js';
import type { Weight } from './layer.js';
import type { Model } from './model.js';

const HEADER = ['Layer (type)', 'Output Shape', 'Param #'] as const;
/** Keras's widths; a wider cell widens its column. */
const LEAST_WIDTHS = [31, 22, 13] as const;

type Row = readonly [layer: string, shape: string, params: string];

/** The table of a model's layers, with totals: Keras's `summary()`. The model must be built. */
export function summarize(model: Model): string {
  const rows = rowsOf(model);
  const widths = LEAST_WIDTHS.map((least, i) =>
    Math.max(least, ...rows.flat().map((row) => row[i]!.length)),
  );
  const rule = (left: string, line: string, cross: string, right: string): string =>
    left + widths.map((width) => line.repeat(width + 2)).join(cross) + right;
  const cells = ([layer, shape, params]: Row, wall: string): string =>
    `${wall} ${layer.padEnd(widths[0]!)} ${wall} ${shape.padEnd(widths[1]!)} ${wall} ` +
    `${params.padStart(widths[2]!)} ${wall}`;
  const layers = rows.map((lines) => lines.map((line) => cells(line, '│')).join('\n'));
  return [
    `Model: "${model.name}"`,
    rule('┏', '━', '┳', '┓'),
    cells(HEADER, '┃'),
    rule('┡', '━', '╇', '┩'),
    layers.join(`\n${rule('├', '─', '┼', '┤')}\n`),
    rule('└', '─', '┴', '┘'),
    ...totals(model),
  ].join('\n');
}

/** One row per layer, of one line; of two where name and type do not fit into one. */
function rowsOf(model: Model): Row[][] {
  let shape = model.inputShape;
  return model.layers.map((layer) => {
    shape = layer.outputShape(shape);
    const cells = [formatBatch(shape), thousands(sizeOfAll(layer.weights))] as const;
    const type = `(${layer.className})`;
    const line = `${layer.name} ${type}`;
    if (line.length <= LEAST_WIDTHS[0]) return [[line, ...cells]];
    return [
      [layer.name, ...cells],
      [type, '', ''],
    ];
  });
}

function totals(model: Model): string[] {
  const all = model.countParams();
  const trainable = sizeOfAll(model.trainableWeights);
  const lines: [string, number][] = [
    ['Total params', all],
    ['Trainable params', trainable],
    ['Non-trainable params', all - trainable],
  ];
  const { compiled } = model;
  if (compiled) {
    lines.push(['Optimizer params', compiled.optimizer.countParams(model.weights)]);
  }
  return lines.map(([what, n]) => ` ${what}: ${thousands(n)} (${humanBytes(4 * n)})`);
}

function sizeOfAll(weights: readonly Weight[]): number {
  return weights.reduce((sum, { value }) => sum + value.size, 0);
}

/** 669354 -> '669,354'. */
export function thousands(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 2677416 -> '2.55 MB', with Keras's units of 1024. */
export function humanBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(2)} ${units[power]!}`;
}
