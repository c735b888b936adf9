import { formatBatch } from '../nn/data.js';
import type { Graph, LayerCall, SymbolicTensor } from '../nn/graph.js';
import type { Model } from '../nn/model.js';

const BOX = { width: 210, height: 46, gapX: 24, gapY: 34, margin: 16 };
const STYLE = `
  text { font: 12px ui-sans-serif, system-ui, sans-serif; fill: #1b1f24; text-anchor: middle }
  .type { font-weight: 600 } .more { fill: #57606a }
  rect { fill: #f6f8fa; stroke: #8c959f } rect.input { fill: #ddf4ff; stroke: #54aeff }
  rect.output { fill: #dafbe1; stroke: #4ac26b }
  path { fill: none; stroke: #8c959f; stroke-width: 1.3 }`;

interface Placed {
  readonly call: LayerCall;
  readonly x: number;
  readonly y: number;
}

/** The graph of a model's layers, from top to bottom, as SVG. The model must be built. */
export function plotModel(model: Model): string {
  const { graph } = model;
  const rows = rowsOf(graph);
  const { width, height, gapX, gapY, margin } = BOX;
  const columns = Math.max(...rows.map((row) => row.length));
  const total = {
    width: columns * (width + gapX) - gapX + 2 * margin,
    height: rows.length * (height + gapY) - gapY + 2 * margin,
  };
  const placed = rows.flatMap((row, i) => {
    const left = (total.width - row.length * (width + gapX) + gapX) / 2;
    return row.map((call, k) => ({
      call,
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
    `<title>${escape(model.name)}</title><style>${STYLE}</style>`,
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

function edge(from: Placed, to: Placed): string {
  const { width, height, gapY } = BOX;
  const [x1, y1, x2, y2] = [from.x + width / 2, from.y + height, to.x + width / 2, to.y];
  const bend = Math.max(gapY / 2, (y2 - y1) / 3);
  return `<path d="M${x1} ${y1} C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}"/>`;
}

function box({ call, x, y }: Placed, { inputs, outputs }: Graph): string {
  const { width, height } = BOX;
  const isOf = (tensors: readonly SymbolicTensor[]): boolean =>
    tensors.some(({ source }) => source === call);
  const kind = isOf(inputs) ? 'input' : isOf(outputs) ? 'output' : 'inner';
  const shapes = call.outputs.map(({ shape }) => formatBatch(shape)).join(', ');
  const [middle, { layer }] = [x + width / 2, call];
  return (
    `<g><rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>` +
    `<text x="${middle}" y="${y + 19}"><tspan class="type">${escape(layer.className)}</tspan> ` +
    `${escape(short(layer.name))}</text>` +
    `<text class="more" x="${middle}" y="${y + 36}">${escape(shapes)}</text></g>`
  );
}

function short(name: string): string {
  return name.length <= 18 ? name : `${name.slice(0, 17)}…`;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
