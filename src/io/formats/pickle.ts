import { FoveaError } from '../../errors.js';

/** What the names and identifiers in a pickle stand for. Nothing else of it can act. */
export interface PickleMeaning {
  /** Of a class or function, as 'collections.OrderedDict'. Throws for those that are not expected. */
  readonly global: (name: string) => unknown;
  /** What calling a global gives. */
  readonly reduce: (callee: unknown, args: readonly unknown[]) => unknown;
  /** Gives an object its attributes. Default: they are left out. */
  readonly build?: (object: unknown, state: unknown) => void;
  /** What a reference to something outside of the pickle stands for. */
  readonly persistent: (id: unknown) => unknown;
}

/**
 * Reads the plain data of a pickle of protocol 2: numbers, strings, tuples and lists (arrays),
 * dictionaries (Maps), and what `meaning` gives. It runs no code: everything that would is refused.
 *
 * Format: https://docs.python.org/3/library/pickletools.html
 *
 * @param start where the pickle begins
 * @returns the value, and where the pickle ends
 * @throws FoveaError `FILE` for another operation, and when the pickle is truncated or inconsistent
 */
export function readPickle(
  bytes: Uint8Array,
  start: number,
  meaning: PickleMeaning,
): { readonly value: unknown; readonly end: number } {
  const machine = new Machine(bytes, start, meaning);
  for (;;) {
    const code = machine.byte();
    if (code === STOP) return { value: machine.pop(), end: machine.at };
    const operation = operations.get(code);
    if (!operation) {
      const hex = code.toString(16).padStart(2, '0');
      throw invalid(`operation 0x${hex} at byte ${machine.at - 1} is not one of plain data`);
    }
    operation(machine);
  }
}

const STOP = '.'.charCodeAt(0);
/** Marks where the entries of a tuple, list or dictionary begin. */
const MARK = Symbol('mark');

/** The stack machine that a pickle is a program of. */
class Machine {
  private readonly stack: unknown[] = [];
  private readonly memo = new Map<number, unknown>();
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    public at: number,
    readonly meaning: PickleMeaning,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next `count` bytes. */
  take(count: number): Uint8Array {
    if (count > this.bytes.length - this.at) throw invalid(`it ends within ${count} bytes`);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  uint16(): number {
    this.take(2);
    return this.view.getUint16(this.at - 2, true);
  }

  int32(): number {
    this.take(4);
    return this.view.getInt32(this.at - 4, true);
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  float64(): number {
    this.take(8);
    return this.view.getFloat64(this.at - 8, false);
  }

  /** A little-endian integer of any length; a bigint where a number does not hold it. */
  long(): number | bigint {
    const raw = this.take(this.byte());
    const digits = raw.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const value = BigInt.asIntN(raw.length * 8, digits);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw invalid('it ends within a name');
    const text = decode(this.take(end - this.at));
    this.at++;
    return text;
  }

  push(value: unknown): void {
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length === 0 || this.top() === MARK) throw invalid('a value is missing');
    return this.stack.pop();
  }

  top(): unknown {
    return this.stack.at(-1);
  }

  /** The values since the last mark. */
  popToMark(): unknown[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) throw invalid('a mark is missing');
    const values = this.stack.splice(mark + 1);
    this.stack.pop();
    return values;
  }

  put(key: number): void {
    this.memo.set(key, this.top());
  }

  get(key: number): void {
    if (!this.memo.has(key)) throw invalid(`it refers to value ${key}, which is missing`);
    this.push(this.memo.get(key));
  }
}

type Operation = (m: Machine) => void;

/** By code: the characters and numbers that Python's pickletools list. */
const operations: ReadonlyMap<number, Operation> = new Map<number, Operation>(
  (
    [
      [0x80, protocol],
      ['(', (m) => m.push(MARK)],
      ['N', (m) => m.push(null)],
      [0x88, (m) => m.push(true)],
      [0x89, (m) => m.push(false)],
      ['J', (m) => m.push(m.int32())],
      ['K', (m) => m.push(m.byte())],
      ['M', (m) => m.push(m.uint16())],
      [0x8a, (m) => m.push(m.long())],
      ['G', (m) => m.push(m.float64())],
      ['X', (m) => m.push(decode(m.take(m.uint32())))],
      [')', (m) => m.push([])],
      [0x85, (m) => m.push([m.pop()])],
      [0x86, (m) => m.push([m.pop(), m.pop()].reverse())],
      [0x87, (m) => m.push([m.pop(), m.pop(), m.pop()].reverse())],
      ['t', (m) => m.push(m.popToMark())],
      [']', (m) => m.push([])],
      ['a', (m) => append(m, [m.pop()])],
      ['e', (m) => append(m, m.popToMark())],
      ['}', (m) => m.push(new Map())],
      ['s', (m) => setItems(m, [m.pop(), m.pop()].reverse())],
      ['u', (m) => setItems(m, m.popToMark())],
      ['q', (m) => m.put(m.byte())],
      ['r', (m) => m.put(m.uint32())],
      ['h', (m) => m.get(m.byte())],
      ['j', (m) => m.get(m.uint32())],
      ['c', (m) => m.push(m.meaning.global(`${m.line()}.${m.line()}`))],
      ['R', reduce],
      ['Q', (m) => m.push(m.meaning.persistent(m.pop()))],
      // Texts of Python 2, which are bytes: short ones are names, long ones data.
      ['U', (m) => m.push(latin1(m.take(m.byte())))],
      ['T', (m) => m.push(m.take(m.uint32()))],
      ['b', build],
    ] as readonly (readonly [string | number, Operation])[]
  ).map(([code, run]) => [typeof code === 'string' ? code.charCodeAt(0) : code, run]),
);

function protocol(m: Machine): void {
  const version = m.byte();
  if (version !== 2) throw invalid(`it has protocol ${version}; 2 is what PyTorch writes`);
}

function append(m: Machine, values: readonly unknown[]): void {
  const list = m.top();
  if (!Array.isArray(list)) throw invalid('it appends to what is no list');
  for (const value of values) list.push(value);
}

function setItems(m: Machine, entries: readonly unknown[]): void {
  const map = m.top();
  if (!(map instanceof Map) || entries.length % 2 !== 0) {
    throw invalid('it sets entries of what is no dictionary');
  }
  for (let i = 0; i < entries.length; i += 2) map.set(entries[i], entries[i + 1]);
}

function reduce(m: Machine): void {
  const args = m.pop();
  if (!Array.isArray(args)) throw invalid('it calls something without a list of arguments');
  m.push(m.meaning.reduce(m.pop(), args));
}

function build(m: Machine): void {
  const state = m.pop();
  m.meaning.build?.(m.top(), state);
}

function latin1(raw: Uint8Array): string {
  return new TextDecoder('latin1').decode(raw);
}

function decode(raw: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch (cause) {
    throw invalid('a string in it is not UTF-8', cause);
  }
}

function invalid(reason: string, cause?: unknown): FoveaError {
  return new FoveaError('FILE', `Not a usable pickle: ${reason}.`, { cause });
}
