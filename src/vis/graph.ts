import { formatBatch } from '../nn/data.js';
import type { Graph, LayerCall, SymbolicTensor } from '../nn/graph.js';
import type { Model } from '../nn/model.js';
import { escapeText } from './svg.js';

const BOX = { width: 200, height: 62, gapX: 48, gapY: 26, margin: 16 };
const STYLE = `
  text { font: 12px ui-sans-serif, system-ui, sans-serif; fill: #1b1f24; text-anchor: middle }
  text.type { font-weight: 600 } text.more { fill: #57606a }
  rect { fill: #f6f8fa; stroke: #8c959f } rect.input { fill: #ddf4ff; stroke: #54aeff }
  rect.output { fill: #dafbe1; stroke: #4ac26b }
  path { fill: none; stroke: #8c959f; stroke-width: 1.3 }`;

interface Placed {
  readonly call: LayerCall;
  readonly row: number;
  readonly x: number;
  readonly y: number;
}

/** The graph of a model's layers, from top to bottom, as SVG. The model must be built. */
export function plotModel(model: Model): string {
  const { graph } = model;
  const rows = rowsOf(graph);
  const { width, height, gapX, gapY, margin } = BOX;
  const columns = Math.max(...rows.map((row) => row.length));
  const side = bulge(rows.length);
  const total = {
    width: columns * (width + gapX) - gapX + 2 * (margin + side),
    height: rows.length * (height + gapY) - gapY + 2 * margin,
  };
  const placed = rows.flatMap((row, i) => {
    const left = (total.width - row.length * (width + gapX) + gapX) / 2;
    return row.map((call, k) => ({
      call,
      row: i,
      x: left + k * (width + gapX),
      y: margin + i * (height + gapY),
    }));
  });
  const byCall = new Map(placed.map((each) => [each.call, each]));
  const lines = placed.flatMap((to) =>
    to.call.inputs.map(({ source }) => edge(byCall.get(source)!, to)),
  );
  const boxes = placed.map((each) => box(each, graph));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total.width} ${total.height}"`,
    ` width="${total.width}" height="${total.height}" role="img">`,
    `<title>${escapeText(model.name)}</title><style>${STYLE}</style>`,
    `<rect width="100%" height="100%" style="fill:#fff;stroke:none"/>`,
    ...lines,
    ...boxes,
    '</svg>\n',
  ].join('\n');
}

/** Layers in one row are equally far from the inputs. */
function rowsOf(graph: Graph): LayerCall[][] {
  const depths = new Map<LayerCall, number>(graph.inputs.map(({ source }) => [source, 0]));
  for (const call of graph.calls) {
    depths.set(call, 1 + Math.max(...call.inputs.map(({ source }) => depths.get(source)!)));
  }
  const rows: LayerCall[][] = [];
  for (const [call, depth] of depths) (rows[depth] ??= []).push(call);
  return rows;
}

/** From bottom to top; lines that pass rows of other boxes go around them. */
function edge(from: Placed, to: Placed): string {
  const { width, height, gapY } = BOX;
  const rows = to.row - from.row;
  if (rows > 1) {
    const [x1, x2] = [from.x + width, to.x + width];
    const [y1, y2] = [from.y + height / 2, to.y + height / 2];
    const out = Math.max(x1, x2) + bulge(rows) * 1.3;
    return `<path d="M${x1} ${y1} C${out} ${y1} ${out} ${y2} ${x2} ${y2}"/>`;
  }
  const [x1, y1, x2, y2] = [from.x + width / 2, from.y + height, to.x + width / 2, to.y];
  const [down, up] = [y1 + gapY / 2, y2 - gapY / 2];
  return `<path d="M${x1} ${y1} C${x1} ${down} ${x2} ${up} ${x2} ${y2}"/>`;
}

/** How far a line over so many rows goes out to the side. */
function bulge(rows: number): number {
  return rows > 1 ? Math.min(20 + 8 * rows, 90) : 0;
}

function box({ call, x, y }: Placed, { inputs, outputs }: Graph): string {
  const { width, height } = BOX;
  const isOf = (tensors: readonly SymbolicTensor[]): boolean =>
    tensors.some(({ source }) => source === call);
  const kind = isOf(inputs) ? 'input' : isOf(outputs) ? 'output' : 'inner';
  const shapes = call.outputs.map(({ shape }) => formatBatch(shape)).join(', ');
  const [middle, { layer }] = [x + width / 2, call];
  const line = (y: number, text: string, style: string): string =>
    `<text class="${style}" x="${middle}" y="${y}">${escapeText(short(text))}</text>`;
  return [
    `<g><rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`,
    line(y + 19, layer.className, 'type'),
    line(y + 36, layer.name, 'name'),
    `${line(y + 53, shapes, 'more')}</g>`,
  ].join('');
}

function short(text: string): string {
  return text.length <= 29 ? text : `${text.slice(0, 28)}…`;
}
