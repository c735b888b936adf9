import { decodePng } from '../io/images/png.js';
import type { Image } from '../io/images/image.js';
import { fontMargin, fontPng, fontWidths } from './font_data.js';
import type { Rgb } from './palette.js';

let font: Image | undefined;
const firstChar = 0x20;

/** Blends a colour over a pixel; `cover` is 0..1. Outside the picture nothing happens. */
function blend(image: Image, x: number, y: number, color: Rgb, cover: number): void {
  if (x < 0 || y < 0 || x >= image.width || y >= image.height || cover <= 0) return;
  const at = (y * image.width + x) * 3;
  for (let c = 0; c < 3; c++) {
    const old = image.data[at + c]!;
    image.data[at + c] = Math.round(old + (color[c]! - old) * Math.min(cover, 1));
  }
}

/** A filled rectangle with whole-pixel edges. */
export function fillRect(
  image: Image,
  [left, top, width, height]: readonly [number, number, number, number],
  color: Rgb,
): void {
  for (let y = Math.round(top); y < Math.round(top + height); y++) {
    for (let x = Math.round(left); x < Math.round(left + width); x++) blend(image, x, y, color, 1);
  }
}

/**
 * A line through points, with smooth edges and round ends: a pixel is covered as far as its centre
 * is within half the width of the nearest segment.
 *
 * @param dash lengths of mark and gap in pixels, measured along the line; left out: solid
 */
export function strokeLine(
  image: Image,
  points: readonly (readonly [number, number])[],
  color: Rgb,
  width: number,
  dash?: readonly [number, number],
): void {
  const cover = new Map<number, number>();
  let travelled = 0;
  for (let i = 1; i < points.length; i++) {
    const [ax, ay] = points[i - 1]!;
    const [bx, by] = points[i]!;
    const length = Math.hypot(bx - ax, by - ay);
    for (const [from, to] of dashes(travelled, length, dash)) {
      const at = (t: number) =>
        [ax + ((bx - ax) * t) / length, ay + ((by - ay) * t) / length] as const;
      coverSegment(cover, image, at(from), at(to), width);
    }
    travelled += length;
  }
  // Neighbouring segments overlap: each pixel is blended once, with the largest cover.
  for (const [pixel, share] of cover) {
    blend(image, pixel % image.width, Math.floor(pixel / image.width), color, share);
  }
}

/** The marks within a segment of `length` that begins `start` along a dashed line. */
function dashes(
  start: number,
  length: number,
  dash?: readonly [number, number],
): [number, number][] {
  if (length === 0) return [];
  if (dash === undefined) return [[0, length]];
  const [mark, gap] = dash;
  const period = mark + gap;
  const out: [number, number][] = [];
  for (let at = Math.floor(start / period) * period; at < start + length; at += period) {
    const from = Math.max(at - start, 0);
    const to = Math.min(at + mark - start, length);
    if (to > from) out.push([from, to]);
  }
  return out;
}

function coverSegment(
  cover: Map<number, number>,
  image: Image,
  [ax, ay]: readonly [number, number],
  [bx, by]: readonly [number, number],
  width: number,
): void {
  const reach = width / 2 + 1;
  const squared = (bx - ax) ** 2 + (by - ay) ** 2;
  const clampX = (x: number) => Math.min(Math.max(x, 0), image.width - 1);
  const clampY = (y: number) => Math.min(Math.max(y, 0), image.height - 1);
  for (
    let y = clampY(Math.floor(Math.min(ay, by) - reach));
    y <= clampY(Math.ceil(Math.max(ay, by) + reach));
    y++
  ) {
    for (
      let x = clampX(Math.floor(Math.min(ax, bx) - reach));
      x <= clampX(Math.ceil(Math.max(ax, bx) + reach));
      x++
    ) {
      const along = ((x + 0.5 - ax) * (bx - ax) + (y + 0.5 - ay) * (by - ay)) / (squared || 1);
      const t = Math.min(Math.max(along, 0), 1);
      const distance = Math.hypot(x + 0.5 - ax - t * (bx - ax), y + 0.5 - ay - t * (by - ay));
      const share = Math.min(width / 2 + 0.5 - distance, 1);
      const pixel = y * image.width + x;
      if (share > (cover.get(pixel) ?? 0)) cover.set(pixel, share);
    }
  }
}

/** Height of a line of text in pixels. */
export const textHeight = 26;

/** Width of a text in pixels. */
export function textWidth(text: string): number {
  return glyphs(text).reduce((sum, glyph) => sum + fontWidths[glyph]!, 0);
}

/** Text that is not wider than so many pixels: its end is left out. */
export function fitText(text: string, width: number): string {
  let short = text;
  while (textWidth(short) > width && short !== '..') {
    short = `${short.replace(/\.\.$/, '').slice(0, -1)}..`;
  }
  return short;
}

/**
 * Writes text (ASCII; other characters become '?') with its upper edge at `top`.
 *
 * @param align which part of the text stands at `x`
 */
export function drawText(
  image: Image,
  text: string,
  [x, top]: readonly [number, number],
  color: Rgb,
  align: 'left' | 'middle' | 'right' = 'left',
): void {
  font ??= decodePng(Buffer.from(fontPng, 'base64'));
  const shift = align === 'left' ? 0 : align === 'middle' ? textWidth(text) / 2 : textWidth(text);
  let left = Math.round(x - shift);
  for (const glyph of glyphs(text)) {
    const cells = fontWidths.slice(0, glyph).map((width) => width + 2 * fontMargin);
    const source = cells.reduce((sum, width) => sum + width, 0);
    for (let gy = 0; gy < font.height; gy++) {
      for (let gx = 0; gx < fontWidths[glyph]! + 2 * fontMargin; gx++) {
        const ink = font.data[gy * font.width + source + gx]! / 255;
        blend(image, left + gx - fontMargin, Math.round(top) + gy, color, ink);
      }
    }
    left += fontWidths[glyph]!;
  }
}

function glyphs(text: string): number[] {
  return Array.from(text, (char) => {
    const glyph = char.codePointAt(0)! - firstChar;
    return glyph >= 0 && glyph < fontWidths.length ? glyph : '?'.charCodeAt(0) - firstChar;
  });
}
