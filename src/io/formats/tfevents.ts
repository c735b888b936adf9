/** Event files of TensorBoard: framed as tensorflow/core/lib/io/record_writer.cc does it. */
import { PbfWriter } from 'pbf';
import { crc32c } from './crc32.js';

/** One number at one step. */
export interface ScalarEvent {
  /** Name of the curve. */
  readonly tag: string;
  readonly step: number;
  readonly value: number;
  /** Seconds since 1970. */
  readonly wallTime: number;
}

/** The record that every event file begins with. */
export function encodeVersion(wallTime: number): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeDoubleField(1, wallTime);
  pbf.writeStringField(3, 'brain.Event:2');
  return frame(pbf.finish());
}

/** The record of one number. Messages: tensorflow/core/util/event.proto and summary.proto. */
export function encodeScalar(event: ScalarEvent): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeDoubleField(1, event.wallTime);
  pbf.writeVarintField(2, event.step);
  pbf.writeMessage(5, writeSummary, event);
  return frame(pbf.finish());
}

function writeSummary(event: ScalarEvent, pbf: PbfWriter): void {
  pbf.writeMessage(1, writeValue, event);
}

function writeValue({ tag, value }: ScalarEvent, pbf: PbfWriter): void {
  pbf.writeStringField(1, tag);
  pbf.writeFloatField(2, value);
}

/** Length, checksum of the length, data, checksum of the data. */
function frame(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return record;
}

/** So that a checksum of data with checksums in it is not a trivial one. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
