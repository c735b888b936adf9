import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PbfReader } from 'pbf';

/** What an event file holds: the version of the first event, and [tag, step, value] of the others. */
export interface Events {
  readonly version: string;
  readonly scalars: readonly (readonly [tag: string, step: number, value: number])[];
}

/** Reads the one event file of a folder, and checks every checksum. */
export function readEvents(folder: string): Events {
  const [name, ...others] = readdirSync(folder);
  if (others.length > 0 || !/^events\.out\.tfevents\.\d+\..+\.v2$/.test(name!)) {
    throw new Error(`${folder} has ${[name, ...others].join(', ')}`);
  }
  const events = records(readFileSync(join(folder, name!))).map(readEvent);
  const scalars = events.slice(1).map(({ tag, step, value }) => [tag, step, value] as const);
  return { version: events[0]!.version, scalars };
}

function records(bytes: Buffer): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + length);
    check(bytes.subarray(at, at + 8), bytes.readUInt32LE(at + 8));
    check(data, bytes.readUInt32LE(at + 12 + length));
    all.push(data);
    at += 16 + length;
  }
  return all;
}

function check(bytes: Uint8Array, masked: number): void {
  const rotated = (masked - 0xa282ead8) >>> 0;
  if (crc32cByBits(bytes) !== ((rotated << 15) | (rotated >>> 17)) >>> 0) {
    throw new Error('a checksum is wrong');
  }
}

/** Bit by bit, from the definition. */
export function crc32cByBits(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

interface Event {
  version: string;
  wallTime: number;
  step: number;
  tag: string;
  value: number;
}

/** Field numbers: tensorflow/core/util/event.proto and framework/summary.proto. */
function readEvent(bytes: Uint8Array): Event {
  const event = { version: '', wallTime: 0, step: 0, tag: '', value: NaN };
  const pbf = new PbfReader(bytes);
  pbf.readFields((field) => {
    if (field === 1) event.wallTime = pbf.readDouble();
    else if (field === 2) event.step = pbf.readVarint();
    else if (field === 3) event.version = pbf.readString();
    else if (field === 5) {
      pbf.readMessage((inner) => {
        if (inner !== 1) throw new Error(`Summary has a field ${inner}`);
        pbf.readMessage((each) => {
          if (each === 1) event.tag = pbf.readString();
          else if (each === 2) event.value = pbf.readFloat();
          else throw new Error(`Summary.Value has a field ${each}`);
        }, event);
      }, event);
    } else throw new Error(`Event has a field ${field}`);
  }, event);
  const age = Date.now() / 1000 - event.wallTime;
  if (!(age >= 0 && age < 600)) throw new Error(`wall time ${event.wallTime}`);
  return event;
}
