import { encodePng } from '../io/images/png.js';
import type { Image } from '../io/images/image.js';
import { reportStyle } from './report_style.js';
import { escapeText } from './svg.js';

/** A picture of a gallery. */
export interface GalleryItem {
  readonly image: Image;
  readonly caption: string;
  /** What the picture shows, for those who cannot see it; default: the caption. */
  readonly alt?: string;
  /** Marked in words and colour: right or wrong; left out: no mark. */
  readonly ok?: boolean;
}

/** A piece of a section. All text is escaped; only `svg` is taken as it is. */
export type Block =
  /** One paragraph per blank-line-separated part. */
  | { readonly kind: 'text'; readonly text: string }
  /** A few results in large type. */
  | {
      readonly kind: 'numbers';
      readonly items: readonly (readonly [label: string, value: string])[];
    }
  /** SVG text made by fovea, such as a chart. */
  | { readonly kind: 'figure'; readonly svg: string; readonly caption?: string }
  /** Figures side by side where there is room. */
  | { readonly kind: 'figures'; readonly svgs: readonly string[] }
  | {
      readonly kind: 'image';
      readonly image: Image;
      readonly alt: string;
      readonly caption?: string;
    }
  | {
      readonly kind: 'gallery';
      readonly items: readonly GalleryItem[];
      readonly caption?: string;
      /** Shown only once a link to it, '#' and this name, was followed. */
      readonly target?: string;
    }
  /** Columns of numbers are set to the right. The first cell of a row names it. */
  | {
      readonly kind: 'table';
      readonly caption: string;
      readonly columns: readonly string[];
      readonly rows: readonly (readonly (string | number)[])[];
    };

/** A titled part of the report. */
export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** What an HTML report says. */
export interface Report {
  readonly title: string;
  /** One or two sentences under the title. */
  readonly intro?: string;
  readonly sections: readonly Section[];
  /** Of the text, as in `<html lang>`; default `en`. */
  readonly language?: string;
}

/**
 * One self-contained HTML page: no network, no script, no font but the system's; pictures are data:
 * URLs. Light and dark by the reader's setting, readable from 320 pixels up.
 */
export function htmlReport(report: Report): string {
  const { title, intro, sections } = report;
  const contents = sections.map(
    (section, i) => `<li><a href="#s${i + 1}">${escapeText(section.title)}</a></li>`,
  );
  const nav =
    sections.length > 2 ? `<nav aria-label="Contents"><ul>${contents.join('')}</ul></nav>` : '';
  const lead = intro === undefined ? '' : `<p class="intro">${escapeText(intro)}</p>`;
  return `<!doctype html>
<html lang="${escapeText(report.language ?? 'en')}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title>
<style>${reportStyle}</style>
</head>
<body>
<main>
<header><h1>${escapeText(title)}</h1>${lead}${nav}</header>
${sections.map(sectionHtml).join('\n')}
</main>
</body>
</html>
`;
}

function sectionHtml({ title, blocks }: Section, index: number): string {
  const id = `s${index + 1}`;
  const body = blocks.map(blockHtml).join('\n');
  return `<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h">${escapeText(title)}</h2>\n${body}\n</section>`;
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case 'text':
      return block.text
        .split(/\n\s*\n/)
        .map((part) => `<p>${escapeText(part.trim())}</p>`)
        .join('\n');
    case 'numbers':
      return `<dl class="numbers">${block.items
        .map(
          ([label, value]) =>
            `<div><dt>${escapeText(label)}</dt><dd>${escapeText(value)}</dd></div>`,
        )
        .join('')}</dl>`;
    case 'figure':
      return figureHtml(`<div class="chart">${block.svg}</div>`, block.caption);
    case 'figures':
      return `<div class="row">${block.svgs
        .map((svg) => figureHtml(`<div class="chart">${svg}</div>`, undefined))
        .join('')}</div>`;
    case 'image':
      return figureHtml(imageHtml(block.image, block.alt), block.caption);
    case 'gallery':
      return targetHtml(block.target, galleryHtml(block.items, block.caption));
    case 'table':
      return tableHtml(block.caption, block.columns, block.rows);
  }
}

function figureHtml(content: string, caption: string | undefined): string {
  const below = caption === undefined ? '' : `<figcaption>${escapeText(caption)}</figcaption>`;
  return `<figure>${content}${below}</figure>`;
}

/** Pictures below this size are pixel art: enlarged to about it, with sharp pixels. */
const smallSide = 160;

function imageHtml(image: Image, alt: string): string {
  const side = Math.max(image.width, image.height);
  const scale = Math.max(1, Math.floor(smallSide / side));
  const source = `data:image/png;base64,${Buffer.from(encodePng(image)).toString('base64')}`;
  const pixels = scale > 1 ? ' class="pixels"' : '';
  return (
    `<img${pixels} src="${source}" alt="${escapeText(alt)}" ` +
    `width="${image.width * scale}" height="${image.height * scale}">`
  );
}

function galleryHtml(items: readonly GalleryItem[], caption: string | undefined): string {
  const list = items.map(({ image, caption, alt, ok }) => {
    const mark =
      ok === undefined
        ? ''
        : ok
          ? '<span class="mark ok">✓ right</span> '
          : '<span class="mark wrong">✗ wrong</span> ';
    const frame = ok === false ? ' class="wrong-item"' : '';
    return `<li${frame}>${imageHtml(image, alt ?? caption)}<div class="cap">${mark}${escapeText(caption)}</div></li>`;
  });
  const gallery = `<ul class="gallery">${list.join('')}</ul>`;
  return caption === undefined ? gallery : figureHtml(gallery, caption);
}

function targetHtml(target: string | undefined, content: string): string {
  if (target === undefined) return content;
  return `<div class="target" id="${escapeText(target)}" tabindex="-1">${content}</div>`;
}

/** Numbers, and texts of numbers such as 0.912, 1,437 or 97.2 %. */
function isNumber(cell: string | number | undefined): boolean {
  return typeof cell === 'number' || /^[-+]?[\d.,]+(\s*%|e[-+]?\d+)?$/.test(cell ?? '');
}

function tableHtml(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const isNumeric = columns.map((_, c) => rows.every((row) => isNumber(row[c])));
  const align = (c: number) => (isNumeric[c] === true ? ' class="num"' : '');
  const head = columns.map((name, c) => `<th scope="col"${align(c)}>${escapeText(name)}</th>`);
  const body = rows.map((row) => {
    const cells = row.map((cell, c) => {
      const content = escapeText(String(cell));
      return c === 0
        ? `<th scope="row"${align(c)}>${content}</th>`
        : `<td${align(c)}>${content}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  const label = escapeText(caption);
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table><caption>${label}</caption>` +
    `<thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
  );
}
