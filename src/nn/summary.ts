import { formatBatch } from './data.js';
import type { LayerCall, SymbolicTensor } from './graph.js';
import type { Layer, Weight } from './layer.js';
import { macsOf } from './macs.js';
import { Model } from './model.js';
import { sizeOf } from '../shape.js';

/** Options of `summary`. */
export interface SummaryOptions {
  /** Takes the text. Default: console.log. */
  readonly print?: (text: string) => void;
  /** Whether a column says which layers are trained: Y, N, or - without weights. Default false. */
  readonly showTrainable?: boolean;
  /** Whether the layers of models inside are listed too. Default false. */
  readonly expandNested?: boolean;
  /** Whether a column has the multiply-accumulates of convolutions and dense layers. Default false. */
  readonly showMacs?: boolean;
  /** Whether a column has the bytes of what each layer gives, as float32. Default false. */
  readonly showActivations?: boolean;
}

/** Keras's widths; a wider cell widens its column. */
const LEAST_WIDTHS: Readonly<Record<string, number>> = {
  'Layer (type)': 31,
  'Output Shape': 22,
  'Param #': 13,
};

/** Columns of numbers. */
const RIGHT: readonly string[] = ['Param #', 'MACs', 'Activation bytes'];

/** The lines of each cell of a row. */
type Row = readonly (readonly string[])[];

/** The table of a model's layers, with totals: Keras's `summary()`. The model must be built. */
export function summarize(model: Model, options: SummaryOptions = {}): string {
  const columns = ['Layer (type)', 'Output Shape', 'Param #'];
  if (!isChain(model)) columns.push('Connected to');
  if (options.showTrainable) columns.push('Trainable');
  if (options.showMacs) columns.push('MACs');
  if (options.showActivations) columns.push('Activation bytes');
  const rows = rowsOf(model, columns, options, 0);
  const widths = columns.map((column, i) =>
    Math.max(
      LEAST_WIDTHS[column] ?? column.length,
      ...rows.flatMap((row) => row[i]!.map((line) => line.length)),
    ),
  );
  const rule = (left: string, line: string, cross: string, right: string): string =>
    left + widths.map((width) => line.repeat(width + 2)).join(cross) + right;
  const line = (cells: readonly string[], wall: string): string =>
    `${wall} ${cells
      .map((cell, i) => align(columns[i]!, cell, widths[i]!))
      .join(` ${wall} `)} ${wall}`;
  const lines = (row: Row): string =>
    Array.from({ length: Math.max(...row.map((cell) => cell.length)) }, (_, k) =>
      line(
        row.map((cell) => cell[k] ?? ''),
        '│',
      ),
    ).join('\n');
  return [
    `Model: "${model.name}"`,
    rule('┏', '━', '┳', '┓'),
    line(columns, '┃'),
    rule('┡', '━', '╇', '┩'),
    rows.map(lines).join(`\n${rule('├', '─', '┼', '┤')}\n`),
    rule('└', '─', '┴', '┘'),
    ...totals(model),
    ...costs(model, options),
  ].join('\n');
}

function align(column: string, cell: string, width: number): string {
  if (RIGHT.includes(column)) return cell.padStart(width);
  const before = column === 'Trainable' ? Math.floor((width - cell.length) / 2) : 0;
  return (' '.repeat(before) + cell).padEnd(width);
}

/** Whether each layer is used once and follows the one before it. */
function isChain({ graph, inputs, outputs }: Model): boolean {
  const { calls } = graph;
  return (
    inputs.length === 1 &&
    outputs.length === 1 &&
    new Set(calls.map(({ layer }) => layer)).size === calls.length &&
    calls.every(({ inputs: [from, ...more], outputs: made }, i) => {
      const before = i === 0 ? inputs[0] : calls[i - 1]!.outputs[0];
      return more.length === 0 && from === before && made.length === 1;
    })
  );
}

function rowsOf(
  model: Model,
  columns: readonly string[],
  options: SummaryOptions,
  /** How many models it lies in. */
  level: number,
): Row[] {
  return model.layers.flatMap((layer) => {
    const uses = model.graph.usesOf(layer);
    const cells: Readonly<Record<string, readonly string[]>> = {
      'Layer (type)': nameLines(layer, level),
      'Output Shape': uses[0]!.outputs.map(({ shape }) => formatBatch(shape)),
      'Param #': [thousands(sizeOfAll(layer.weights))],
      // As in Keras, those inside of models are not shown.
      'Connected to': level === 0 ? connections(model, uses) : ['-'],
      Trainable: [trainableMark(layer)],
      MACs: [thousands(sumOf(uses, macsOf))],
      'Activation bytes': [thousands(sumOf(uses, activationBytes))],
    };
    const row = columns.map((column) => cells[column]!);
    const inside =
      options.expandNested && layer instanceof Model
        ? rowsOf(layer, columns, options, level + 1)
        : [];
    return [row, ...inside];
  });
}

/** In one line; in two where name and type do not fit into one. */
function nameLines({ name, className }: Layer, level: number): string[] {
  const indent = level > 0 ? `${'   '.repeat(level)}└ ` : '';
  const line = `${indent}${name} (${className})`;
  if (line.length <= LEAST_WIDTHS['Layer (type)']!) return [line];
  return [`${indent}${name}`, `${' '.repeat(indent.length)}(${className})`];
}

/** 'conv2d[0][0]': which use of a layer, and which of its results. */
function connections(model: Model, uses: readonly LayerCall[]): string[] {
  const places = uses.flatMap(({ inputs }) => inputs.map((input) => placeOf(model, input)));
  if (places.length === 0) return ['-'];
  return places.map((place, i) => (i < places.length - 1 ? `${place},` : place));
}

function placeOf(model: Model, { source, index, name }: SymbolicTensor): string {
  return `${name}[${model.graph.usesOf(source.layer).indexOf(source)}][${index}]`;
}

function trainableMark({ weights, trainable }: Layer): string {
  if (weights.length === 0) return '-';
  return trainable ? 'Y' : 'N';
}

function sumOf(uses: readonly LayerCall[], count: (use: LayerCall) => number): number {
  return uses.reduce((sum, use) => sum + count(use), 0);
}

/** Of one sample, as float32. */
export function activationBytes({ outputs }: LayerCall): number {
  return outputs.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
}

/** What one sample costs. */
function costs({ graph }: Model, { showMacs, showActivations }: SummaryOptions): string[] {
  const macs = sumOf(graph.calls, macsOf);
  const bytes = sumOf(graph.calls, activationBytes);
  return [
    ...(showMacs ? [` Multiply-accumulates: ${thousands(macs)}`] : []),
    ...(showActivations ? [` Activations: ${thousands(bytes)} (${humanBytes(bytes)})`] : []),
  ];
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
