import type { ConfusionMatrix } from './confusion.js';
import { cellColors, type CellColors } from './cells.js';
import { categoryColor, toHex } from './palette.js';
import {
  chartScales,
  legendRows,
  shortNumber,
  stretches,
  type LineChart,
  type Series,
} from './scale.js';

// Text and rules follow the page's colours; on its own, the picture brings light and dark itself.
const style =
  '<style>.fovea-svg{color:#1f2933;background:#fff;font-family:system-ui,"Segoe UI",Roboto,' +
  'Helvetica,Arial,sans-serif}@media(prefers-color-scheme:dark){.fovea-svg{color:#e6e8eb;' +
  'background:#16181d}}.fovea-svg text{fill:currentColor}</style>';

/** Escapes text for use in HTML and SVG, inside elements and quoted attributes. */
export function escapeText(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (char) => entities[char]!);
}

/**
 * A line chart as SVG text: axes with ticks, a legend with every line's last value, light and dark.
 * It can be a file of its own or stand inside an HTML page.
 *
 * @throws FoveaError `DATA` when no value is finite
 */
export function lineChartSvg(chart: LineChart): string {
  const [width, height] = [500, 340];
  const plot = { left: 62, right: 18, top: 64 + 20 * legendRows(chart), bottom: 48 };
  const { x, y } = chartScales(chart);
  const across = (epoch: number) =>
    plot.left + ((epoch - x.low) / (x.high - x.low)) * (width - plot.left - plot.right);
  const down = (value: number) =>
    height - plot.bottom - ((value - y.low) / (y.high - y.low)) * (height - plot.top - plot.bottom);
  const xTicks = x.ticks.map((tick) =>
    text(
      across(tick),
      height - plot.bottom + 20,
      x.format(tick),
      'text-anchor="middle" opacity=".75"',
    ),
  );
  const yTicks = y.ticks.map((tick, i) => {
    const at = down(tick).toFixed(1);
    const rule = `<line x1="${plot.left}" x2="${width - plot.right}" y1="${at}" y2="${at}" stroke="currentColor" stroke-opacity="${i === 0 ? 0.45 : 0.13}"/>`;
    return (
      rule + text(plot.left - 10, down(tick) + 4, y.format(tick), 'text-anchor="end" opacity=".75"')
    );
  });
  const lines = chart.series.map((series, i) => line(series, i, across, down));
  return frame(width, height, chart.title, describe(chart), [
    text(20, 30, chart.title, 'font-size="17" font-weight="600"'),
    legend(chart.series),
    ...yTicks,
    ...xTicks,
    text(
      width - plot.right,
      height - 8,
      chart.xLabel ?? 'epoch',
      'text-anchor="end" opacity=".75"',
    ),
    chart.yLabel === undefined
      ? ''
      : turnedLabel(chart.yLabel, (plot.top + height - plot.bottom) / 2),
    ...lines,
  ]);
}

function turnedLabel(label: string, middle: number): string {
  const turn = `transform="translate(16 ${middle}) rotate(-90)"`;
  return text(0, 0, label, `text-anchor="middle" opacity=".75" ${turn}`);
}

function line(
  series: Series,
  index: number,
  across: (epoch: number) => number,
  down: (value: number) => number,
): string {
  const color = series.color ?? categoryColor(index);
  const dash = series.dashed === true ? ' stroke-dasharray="6 5"' : '';
  return stretches(series.values)
    .map((points) => {
      const path = points.map(([e, v]) => `${across(e).toFixed(1)},${down(v).toFixed(1)}`);
      if (path.length === 1) {
        const [cx, cy] = path[0]!.split(',');
        return `<circle cx="${cx}" cy="${cy}" r="3" fill="${color}"/>`;
      }
      return `<polyline points="${path.join(' ')}" fill="none" stroke="${color}" stroke-width="2.25" stroke-linejoin="round" stroke-linecap="butt"${dash}/>`;
    })
    .join('');
}

/** Two entries a row. */
function legend(series: readonly Series[]): string {
  return series
    .map((entry, i) => {
      const color = entry.color ?? categoryColor(i);
      const dash = entry.dashed === true ? ' stroke-dasharray="6 4"' : '';
      const label = `${entry.name}  ${shortNumber(entry.values.at(-1) ?? NaN)}`;
      const [left, y] = [i % 2 === 0 ? 20 : 255, 52 + 20 * Math.floor(i / 2)];
      return (
        `<line x1="${left}" x2="${left + 26}" y1="${y}" y2="${y}" stroke="${color}" stroke-width="2.5"${dash}/>` +
        text(left + 33, y + 4, label)
      );
    })
    .join('');
}

function describe({ series }: LineChart): string {
  return series
    .map(
      ({ name, values }) =>
        `${name}: ${values.length} epochs, last ${shortNumber(values.at(-1) ?? NaN)}`,
    )
    .join('; ');
}

/**
 * A confusion matrix as SVG text: rows are the truth, columns the prediction, the count in every
 * cell. Right answers are blue and mistakes orange, the stronger the larger the share of their row.
 *
 * @param link where a cell leads to, in a page; undefined: nowhere
 */
export function confusionSvg(
  matrix: ConfusionMatrix,
  title = 'Confusion matrix',
  link: (truth: number, predicted: number) => string | undefined = () => undefined,
): string {
  const names = matrix.classes;
  const cell = names.length <= 12 ? 44 : names.length <= 25 ? 32 : 24;
  const longest = Math.max(...names.map((name) => name.length));
  const labels = Math.min(Math.max(longest * 7 + 14, 26), 160);
  const slanted = longest > 3;
  const left = labels + 30;
  const top = 70 + (slanted ? labels * 0.75 + 10 : 24);
  const size = cell * names.length;
  const width = Math.max(left + size + (slanted ? labels * 0.6 : 0) + 18, 320);
  const colors = cellColors(matrix);
  const cells = matrix.counts.flatMap((row, truth) =>
    row.map((count, predicted) => {
      const [x, y] = [left + predicted * cell, top + truth * cell];
      const tip = `truth ${names[truth]!}, predicted ${names[predicted]!}: ${count}`;
      const svg = cellSvg(x, y, cell, count, tip, colors[truth]![predicted]!);
      const href = link(truth, predicted);
      if (href === undefined) return svg;
      return `<a href="${escapeText(href)}" aria-label="${escapeText(tip)}">${svg}</a>`;
    }),
  );
  const rowNames = names.map((name, i) =>
    text(left - 10, top + (i + 0.5) * cell + 4, clip(name), 'text-anchor="end"'),
  );
  const columnNames = names.map((name, i) => {
    const [x, y] = [left + (i + 0.5) * cell, top - 10];
    return slanted
      ? text(0, 0, clip(name), `transform="translate(${x} ${y}) rotate(-45)"`)
      : text(x, y, name, 'text-anchor="middle"');
  });
  const accuracy = `${(matrix.accuracy * 100).toFixed(1)} % of ${matrix.total} right`;
  return frame(width, top + size + 18, title, accuracy, [
    text(20, 30, title, 'font-size="17" font-weight="600"'),
    text(20, 51, `${accuracy} · rows: truth, columns: prediction`, 'opacity=".75"'),
    ...rowNames,
    ...columnNames,
    ...cells,
  ]);
}

function cellSvg(
  x: number,
  y: number,
  size: number,
  count: number,
  tip: string,
  colors: CellColors,
): string {
  const fill =
    colors.fill === undefined
      ? 'fill="currentColor" fill-opacity=".05"'
      : `fill="${toHex(colors.fill)}"`;
  const ink = colors.ink === undefined ? 'opacity=".35"' : `style="fill:${toHex(colors.ink)}"`;
  const digits = String(count).length;
  const font = Math.min(size * 0.36, (size * 1.5) / digits, 15);
  return (
    `<g><title>${escapeText(tip)}</title><rect x="${x + 1}" y="${y + 1}" width="${size - 2}" height="${size - 2}" rx="3" ${fill}/>` +
    text(
      x + size / 2,
      y + size / 2 + font * 0.36,
      String(count),
      `text-anchor="middle" font-size="${font.toFixed(1)}" ${ink}`,
    ) +
    '</g>'
  );
}

function clip(name: string): string {
  return name.length > 22 ? `${name.slice(0, 21)}…` : name;
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escapeText(content)}</text>`;
}

function frame(
  width: number,
  height: number,
  title: string,
  description: string,
  parts: readonly string[],
): string {
  const [w, h] = [Math.ceil(width), Math.ceil(height)];
  const label = escapeText(`${title}. ${description}`);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="fovea-svg" role="img" aria-label="${label}" ` +
    `viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" font-size="14">` +
    `<title>${escapeText(title)}</title>${style}${parts.join('')}</svg>\n`
  );
}
