import { FoveaError } from '../../errors.js';
import { shown, shownList } from './shown.js';

/** One tensor as the header describes it; offsets are relative to the start of the data. */
export interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A header whose every claim was checked against the file. */
export interface Header {
  readonly entries: readonly Entry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Where in the file the data begin, in bytes. */
  readonly dataStart: number;
}

const maxHeaderBytes = 100_000_000;

/** Bytes per element of every type that the format names. */
const elementBytes: ReadonlyMap<string, number> = new Map(
  Object.entries({
    BOOL: 1,
    U8: 1,
    I8: 1,
    F8_E4M3: 1,
    F8_E5M2: 1,
    U16: 2,
    I16: 2,
    F16: 2,
    BF16: 2,
    U32: 4,
    I32: 4,
    F32: 4,
    U64: 8,
    I64: 8,
    F64: 8,
  }),
);

/**
 * Reads and checks the header of a safetensors file: sizes, JSON, types, shapes, gapless offsets.
 *
 * @param bytes the file, or its beginning up to the data
 * @param fileBytes length of the file
 */
export function parseHeader(bytes: Uint8Array, fileBytes = bytes.length): Header {
  const text = headerText(bytes, fileBytes);
  const dataStart = 8 + text.bytes;
  const entries: Entry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseObject(text.json))) {
    if (name === '__metadata__') metadata = parseMetadata(value);
    else entries.push(parseEntry(name, value));
  }
  checkOffsets(entries, fileBytes - dataStart);
  return { entries, metadata, dataStart };
}

/** How many bytes the header has, from the first eight bytes of a file. */
export function headerLength(bytes: Uint8Array, fileBytes: number): number {
  if (bytes.length < 8) throw invalid(`it has only ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length <= maxHeaderBytes && length <= fileBytes - 8) return length;
  throw invalid(`it declares a header of ${length} bytes in a file of ${fileBytes} bytes`);
}

function headerText(bytes: Uint8Array, fileBytes: number): { json: string; bytes: number } {
  const length = headerLength(bytes, fileBytes);
  if (bytes[8] !== 0x7b || length === 0) throw invalid(`its header does not begin with '{'`);
  try {
    const json = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length));
    return { json, bytes: length };
  } catch (cause) {
    throw invalid('its header is not UTF-8', cause);
  }
}

function parseObject(json: string): object {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw invalid(`its header is not JSON`, cause);
  }
  if (!isObject(value)) throw invalid('its header is not a JSON object');
  checkDuplicateKeys(json);
  return value;
}

/** JSON.parse keeps the last of two equal keys in silence; the format forbids them. Expects valid JSON. */
function checkDuplicateKeys(json: string): void {
  const open: Set<string>[] = [];
  const colon = /\s*:/y;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '{') open.push(new Set());
    else if (char === '}') open.pop();
    else if (char === '"') {
      const end = stringEnd(json, at);
      colon.lastIndex = end;
      if (colon.test(json)) {
        const key = JSON.parse(json.slice(at, end)) as string;
        if (open.at(-1)?.has(key)) throw invalid(`its header has the key '${key}' twice`);
        open.at(-1)?.add(key);
      }
      at = end - 1;
    }
  }
}

/** The index after the closing quote of the string that opens at `start`. */
function stringEnd(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

function parseMetadata(value: unknown): Record<string, string> {
  if (!isObject(value)) throw invalid('__metadata__ is not an object');
  const pairs = Object.entries(value).map(([key, text]: [string, unknown]) => {
    if (typeof text !== 'string') throw invalid(`__metadata__ '${key}' is not a string`);
    return [key, text] as const;
  });
  return Object.fromEntries(pairs);
}

function parseEntry(name: string, value: unknown): Entry {
  if (!isObject(value)) throw invalid(`tensor '${name}' is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  const size = typeof dtype === 'string' ? elementBytes.get(dtype) : undefined;
  if (typeof dtype !== 'string' || size === undefined) {
    throw invalid(`tensor '${name}' has the unknown type ${shown(dtype)}`);
  }
  if (!isSizes(shape)) throw invalid(`tensor '${name}' has shape ${shownList(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw invalid(`tensor '${name}' has data_offsets ${shownList(offsets)}`);
  }
  const [begin, end] = offsets as readonly [number, number];
  const bytes = shape.reduce((product, extent) => product * extent, size);
  // Beyond 2^53 the product is inexact and may be infinite, and no file is that long.
  if (!Number.isSafeInteger(bytes) || bytes !== end - begin) {
    throw invalid(
      `tensor '${name}' of type ${dtype} and shape [${shape.join(', ')}] needs ${bytes} bytes ` +
        `but lies at ${begin} to ${end}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** The data must be covered from first to last byte, without holes or overlaps. */
function checkOffsets(entries: readonly Entry[], dataBytes: number): void {
  let expected = 0;
  for (const { name, begin, end } of [...entries].sort(
    (a, b) => a.begin - b.begin || a.end - b.end,
  )) {
    if (begin !== expected) {
      throw invalid(`tensor '${name}' begins at byte ${begin} of the data, not at ${expected}`);
    }
    expected = end;
  }
  if (expected !== dataBytes) {
    throw invalid(`its tensors take ${expected} bytes but ${dataBytes} bytes of data are there`);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)
  );
}

function invalid(reason: string, cause?: unknown): FoveaError {
  return new FoveaError('FILE', `Not a valid safetensors file: ${reason}.`, { cause });
}
