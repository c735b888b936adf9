import type { Image } from '../io/images/image.js';
import type { PictureResult } from '../models/predict_images.js';
import type { Prediction } from '../models/imagenet.js';
import { drawText, fillRect, fitText, textHeight } from '../vis/canvas.js';
import type { Rgb } from '../vis/palette.js';
import { blank, paste } from '../vis/raster.js';
import { htmlReport } from '../vis/report.js';

/** The longer side of a picture. */
export const CELL = 256;
const GAP = 12;
const MAX_COLUMNS = 6;
const LABELS = 2;
/** Larger sheets would be too high to look at; the page shows all. */
const MAX_CELLS = 240;
const PAPER: Rgb = [255, 255, 255];
const INK: Rgb = [30, 34, 40];
const BAR: Rgb = [206, 224, 242];

interface Shown {
  readonly file: string;
  readonly predictions: readonly Prediction[];
  readonly thumbnail: Image;
}

function shown(results: readonly PictureResult[]): Shown[] {
  return results.flatMap((result) =>
    'error' in result || !result.thumbnail
      ? []
      : [{ file: result.file, predictions: result.predictions, thumbnail: result.thumbnail }],
  );
}

/** The pictures with their two best labels under them, as one picture. */
export function contactSheet(results: readonly PictureResult[]): Image {
  const cells = shown(results).slice(0, MAX_CELLS);
  const columns = Math.min(MAX_COLUMNS, Math.ceil(Math.sqrt(cells.length)));
  const cellHeight = CELL + LABELS * textHeight;
  const rows = Math.ceil(cells.length / columns);
  const sheet = blank(columns * (CELL + GAP) + GAP, rows * (cellHeight + GAP) + GAP, PAPER);
  for (const [i, { thumbnail, predictions }] of cells.entries()) {
    const left = GAP + (i % columns) * (CELL + GAP);
    const top = GAP + Math.floor(i / columns) * (cellHeight + GAP);
    const { width, height } = thumbnail;
    const right = left + Math.floor((CELL - width) / 2);
    paste(sheet, thumbnail, right, top + Math.floor((CELL - height) / 2));
    for (const [line, { label, score }] of predictions.slice(0, LABELS).entries()) {
      const at = top + CELL + line * textHeight;
      fillRect(sheet, [left, at, CELL * score, textHeight - 2], BAR);
      const text = fitText(`${percent(score)} ${label}`, CELL - 4);
      drawText(sheet, text, [left + 2, at], INK);
    }
  }
  return sheet;
}

/** A page with all pictures and their labels. */
export function contactPage(results: readonly PictureResult[]): string {
  const items = shown(results).map(({ file, predictions, thumbnail }) => ({
    image: thumbnail,
    alt: file,
    caption: [file, ...predictions.map(({ label, score }) => `${percent(score)} ${label}`)].join(
      ' · ',
    ),
  }));
  const failed = results.flatMap((result) =>
    'error' in result ? [[result.file, result.error.message] as const] : [],
  );
  return htmlReport({
    title: 'What the pictures show',
    sections: [
      { title: `${items.length} pictures`, blocks: [{ kind: 'gallery', items }] },
      ...(failed.length === 0
        ? []
        : [
            {
              title: 'Not read',
              blocks: [
                {
                  kind: 'table' as const,
                  caption: 'Files that could not be read',
                  columns: ['File', 'Reason'],
                  rows: failed,
                },
              ],
            },
          ]),
    ],
  });
}

function percent(score: number): string {
  return `${Math.round(100 * score)} %`;
}
