/** Red, green, blue, 0..255. */
export type Rgb = readonly [number, number, number];

/** A colour for every value from 0 to 1; values outside are clamped. */
export type ColorMap = (value: number) => Rgb;

const viridisStops = stops(
  '440154 472d7b 3b528b 2c728e 21918c 28ae80 5ec962 addc30 fde725', // matplotlib's viridis, by eighths
);
const divergingStops = stops('2166ac 67a9cf d1e5f0 f7f7f7 fddbc7 ef8a62 b2182b'); // ColorBrewer RdBu

/** Dark violet to yellow: perceptually even, readable in grey and by the colour-blind. For magnitudes. */
export const viridis: ColorMap = (value) => interpolate(viridisStops, value);

/** Blue through white (at 0.5) to red. For signed values such as weights. */
export const diverging: ColorMap = (value) => interpolate(divergingStops, value);

/** Black to white. */
export const grays: ColorMap = (value) => interpolate([[0, 0, 0] as Rgb, [255, 255, 255]], value);

/**
 * Colours for categories that the colour-blind can tell apart (Okabe and Ito, 2008), the ones with
 * good contrast first. Their black is left out: it vanishes on a dark page.
 */
export const okabeIto: readonly string[] = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#f0e442',
];

/** The colour of category `index`; the palette repeats. */
export function categoryColor(index: number): string {
  return okabeIto[index % okabeIto.length]!;
}

/** `#rrggbb` to numbers. */
export function parseHex(hex: string): Rgb {
  const value = Number.parseInt(hex.replace('#', ''), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Numbers to `#rrggbb`. */
export function toHex(rgb: Rgb): string {
  return '#' + rgb.map((v) => Math.round(v).toString(16).padStart(2, '0')).join('');
}

/** The colour a share `t` (0..1) of the way from `a` to `b`. */
export function mix(a: Rgb, b: Rgb, t: number): Rgb {
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

function stops(hexes: string): readonly Rgb[] {
  return hexes.split(' ').map(parseHex);
}

function interpolate(colors: readonly Rgb[], value: number): Rgb {
  const at = Math.min(Math.max(value, 0), 1) * (colors.length - 1);
  const low = Math.min(Math.floor(at), colors.length - 2);
  const [r, g, b] = mix(colors[low]!, colors[low + 1]!, at - low);
  return [Math.round(r), Math.round(g), Math.round(b)];
}
