import type { Image } from '../io/images/image.js';
import { drawText, fillRect, strokeLine, textHeight, textWidth } from './canvas.js';
import { cellColors } from './cells.js';
import type { ConfusionMatrix } from './confusion.js';
import { categoryColor, parseHex, type Rgb } from './palette.js';
import { blank } from './raster.js';
import { chartScales, legendRows, shortNumber, stretches, type LineChart } from './scale.js';

const white: Rgb = [255, 255, 255];
const ink: Rgb = [31, 41, 51];
const soft: Rgb = [91, 102, 117];
const rule: Rgb = [226, 230, 235];

/**
 * A line chart as a picture of 1000 x 660 pixels: the same chart as `lineChartSvg`, for where SVG
 * cannot go. Text is ASCII only.
 *
 * @throws FoveaError `DATA` when no value is finite
 */
export function lineChartImage(chart: LineChart): Image {
  const [width, height] = [1000, 660];
  const plot = {
    left: 120,
    right: width - 40,
    top: 110 + 40 * legendRows(chart),
    bottom: height - 90,
  };
  const { x, y } = chartScales(chart);
  const image = blank(width, height, white);
  const across = (epoch: number) =>
    plot.left + ((epoch - x.low) / (x.high - x.low)) * (plot.right - plot.left);
  const down = (value: number) =>
    plot.bottom - ((value - y.low) / (y.high - y.low)) * (plot.bottom - plot.top);

  drawText(image, chart.title, [40, 30], ink);
  y.ticks.forEach((tick, i) => {
    const at = down(tick);
    fillRect(image, [plot.left, at - 1, plot.right - plot.left, 2], i === 0 ? soft : rule);
    drawText(image, y.format(tick), [plot.left - 18, at - textHeight / 2], soft, 'right');
  });
  for (const tick of x.ticks) {
    drawText(image, x.format(tick), [across(tick), plot.bottom + 14], soft, 'middle');
  }
  drawText(image, chart.xLabel ?? 'epoch', [plot.right, height - 40], soft, 'right');
  if (chart.yLabel !== undefined) drawText(image, chart.yLabel, [40, plot.top - 36], soft);
  drawLegend(image, chart);
  drawSeries(image, chart, across, down);
  return image;
}

function drawSeries(
  image: Image,
  chart: LineChart,
  across: (epoch: number) => number,
  down: (value: number) => number,
): void {
  chart.series.forEach((series, i) => {
    const color = parseHex(series.color ?? categoryColor(i));
    for (const stretch of stretches(series.values)) {
      const points = stretch.map(([epoch, value]) => [across(epoch), down(value)] as const);
      const [px, py] = points[0]!;
      // A lone value has no line: it gets a dot.
      if (points.length === 1)
        strokeLine(
          image,
          [
            [px - 1, py],
            [px + 1, py],
          ],
          color,
          10,
        );
      else strokeLine(image, points, color, 4.5, series.dashed === true ? [14, 12] : undefined);
    }
  });
}

function drawLegend(image: Image, { series }: LineChart): void {
  series.forEach((entry, i) => {
    const [left, y] = [i % 2 === 0 ? 40 : 520, 86 + 40 * Math.floor(i / 2)];
    const color = parseHex(entry.color ?? categoryColor(i));
    const label = `${entry.name} ${shortNumber(entry.values.at(-1) ?? NaN)}`;
    const dash = entry.dashed === true ? ([12, 8] as const) : undefined;
    strokeLine(
      image,
      [
        [left, y],
        [left + 52, y],
      ],
      color,
      5,
      dash,
    );
    drawText(image, label, [left + 66, y - 14], ink);
  });
}

/** A confusion matrix as a picture, the same as `confusionSvg`; long column names are numbered. */
export function confusionImage(matrix: ConfusionMatrix, title = 'Confusion matrix'): Image {
  const names = matrix.classes;
  const largest = String(Math.max(...matrix.counts.flat()));
  const cell = Math.max(46, textWidth(largest) + 16);
  // Text cannot be turned here: names too wide for a column are numbered on both sides.
  const tooWide = names.some((name) => textWidth(name) > cell - 4);
  const columns = tooWide ? names.map((_, i) => String(i + 1)) : names;
  const rows = tooWide ? names.map((name, i) => `${name} ${i + 1}`) : names;
  const left = Math.max(...rows.map(textWidth)) + 56;
  const top = 158;
  const accuracy = `${(matrix.accuracy * 100).toFixed(1)} % of ${matrix.total} right`;
  const subtitle = `${accuracy} - rows: truth, columns: prediction`;
  const widest = Math.max(left + cell * names.length, 40 + textWidth(subtitle));
  const image = blank(widest + 40, top + cell * names.length + 40, white);
  drawText(image, title, [40, 30], ink);
  drawText(image, subtitle, [40, 68], soft);
  const colors = cellColors(matrix);
  matrix.counts.forEach((row, r) => {
    const middle = top + (r + 0.5) * cell - textHeight / 2;
    drawText(image, rows[r]!, [left - 16, middle], ink, 'right');
    drawText(image, columns[r]!, [left + (r + 0.5) * cell, top - 36], ink, 'middle');
    row.forEach((count, c) => {
      const { fill = [243, 244, 246] as Rgb, ink: text = [176, 182, 190] as Rgb } = colors[r]![c]!;
      fillRect(image, [left + c * cell + 1, top + r * cell + 1, cell - 2, cell - 2], fill);
      drawText(image, String(count), [left + (c + 0.5) * cell, middle], text, 'middle');
    });
  });
  return image;
}
