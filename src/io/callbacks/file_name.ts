import { FoveaError } from '../../errors.js';

const PLACEHOLDER = /\{([^{}:]+)(?::([^{}]*))?\}/g;
const FORMAT = /^(0?)(\d*)(?:\.(\d+))?([def]?)$/;

/** Throws ARGUMENT unless the placeholders of a file name are such as `fillName` fills. */
export function checkName(where: string, name: string): void {
  const formats = [...name.matchAll(PLACEHOLDER)].map(([, , format = '']) => format);
  const wrong = formats.find((format) => !isFormat(format));
  if (wrong === undefined && !/[{}]/.test(name.replace(PLACEHOLDER, ''))) return;
  throw new FoveaError('ARGUMENT', `${where}: cannot fill the placeholders of '${name}'`, {
    hint: 'They look like {epoch}, {epoch:02d}, {val_loss:.2f} and {learning_rate:.1e}.',
  });
}

/** Digits after the point need f or e. */
function isFormat(format: string): boolean {
  const [, , , digits, kind] = FORMAT.exec(format) ?? [undefined, '', '', undefined, undefined];
  return kind !== undefined && (digits === undefined || kind === 'e' || kind === 'f');
}

/**
 * Fills {epoch:02d} and {val_loss:.2f} in a file name, as Python's `str.format` does.
 *
 * @throws FoveaError ARGUMENT when there is no such value
 */
export function fillName(
  where: string,
  name: string,
  values: Readonly<Record<string, number>>,
): string {
  return name.replace(PLACEHOLDER, (_, key: string, format = '') => {
    const value = values[key];
    if (value !== undefined) return formatNumber(value, format as string);
    throw new FoveaError(
      'ARGUMENT',
      `${where}: '${name}' needs '${key}'; the values are ${Object.keys(values).join(', ')}`,
      { hint: 'Values of validation data are there after an epoch with validation data.' },
    );
  });
}

function formatNumber(value: number, format: string): string {
  const [, zero, width, digits, kind] = FORMAT.exec(format)!;
  const text = digitsOf(value, kind!, Number(digits ?? 6));
  return text.padStart(Number(width), zero ? '0' : ' ');
}

function digitsOf(value: number, kind: string, digits: number): string {
  if (kind === 'f') return value.toFixed(digits);
  // Python writes exponents with two digits.
  if (kind === 'e') return value.toExponential(digits).replace(/([+-])(\d)$/, '$10$2');
  return kind === 'd' ? value.toFixed(0) : String(value);
}
