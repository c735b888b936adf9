/** The few messages of ONNX that a model for inference needs. Source: onnx/onnx.proto3. */
import { PbfWriter } from 'pbf';
import type { StoredTensor } from '../formats/array.js';

/** A number, text, or list of whole numbers of a node. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly ints: readonly number[] };

/** One operation. */
export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A constant; int32 values are written as int64, which is what ONNX takes for shapes. */
export interface Initializer {
  readonly name: string;
  readonly array: StoredTensor;
}

/** An input or output; null stands for the size of the batch. */
export interface ValueInfo {
  readonly name: string;
  readonly shape: readonly (number | null)[];
}

/** A whole model. */
export interface OnnxModel {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

const IR_VERSION = 8;
/** The oldest one with LayerNormalization. */
const OPSET = 17;
const FLOAT = 1;
const INT64 = 7;

/** The bytes of a `.onnx` file. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, IR_VERSION);
  pbf.writeStringField(2, 'fovea');
  pbf.writeMessage(7, writeGraph, model);
  pbf.writeMessage(8, writeOpset, OPSET);
  return pbf.finish();
}

function writeOpset(version: number, pbf: PbfWriter): void {
  pbf.writeStringField(1, '');
  pbf.writeVarintField(2, version);
}

function writeGraph(
  { name, nodes, initializers, inputs, outputs }: OnnxModel,
  pbf: PbfWriter,
): void {
  for (const node of nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, name);
  for (const each of initializers) pbf.writeMessage(5, writeTensor, each);
  for (const each of inputs) pbf.writeMessage(11, writeValue, each);
  for (const each of outputs) pbf.writeMessage(12, writeValue, each);
}

function writeNode({ op, name, inputs, output, attributes }: OnnxNode, pbf: PbfWriter): void {
  for (const input of inputs) pbf.writeStringField(1, input);
  pbf.writeStringField(2, output);
  pbf.writeStringField(3, name);
  pbf.writeStringField(4, op);
  for (const entry of Object.entries(attributes)) pbf.writeMessage(5, writeAttribute, entry);
}

function writeAttribute([name, value]: [string, Attribute], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  if ('float' in value) {
    pbf.writeFloatField(2, value.float);
    pbf.writeVarintField(20, 1);
  } else if ('int' in value) {
    pbf.writeVarintField(3, value.int);
    pbf.writeVarintField(20, 2);
  } else if ('text' in value) {
    pbf.writeBytesField(4, new TextEncoder().encode(value.text));
    pbf.writeVarintField(20, 3);
  } else {
    for (const n of value.ints) pbf.writeVarintField(8, n);
    pbf.writeVarintField(20, 7);
  }
}

function writeTensor({ name, array }: Initializer, pbf: PbfWriter): void {
  for (const size of array.shape) pbf.writeVarintField(1, size);
  const isFloat = array.dtype === 'float32';
  pbf.writeVarintField(2, isFloat ? FLOAT : INT64);
  pbf.writeStringField(8, name);
  const data = isFloat ? array.data : BigInt64Array.from(array.data, (n) => BigInt(n));
  pbf.writeBytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function writeValue({ name, shape }: ValueInfo, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  pbf.writeMessage(2, writeType, shape);
}

function writeType(shape: ValueInfo['shape'], pbf: PbfWriter): void {
  pbf.writeMessage(1, writeTensorType, shape);
}

function writeTensorType(shape: ValueInfo['shape'], pbf: PbfWriter): void {
  pbf.writeVarintField(1, FLOAT);
  pbf.writeMessage(2, writeShape, shape);
}

function writeShape(shape: ValueInfo['shape'], pbf: PbfWriter): void {
  for (const size of shape) pbf.writeMessage(1, writeDimension, size);
}

function writeDimension(size: number | null, pbf: PbfWriter): void {
  if (size === null) pbf.writeStringField(2, 'batch');
  else pbf.writeVarintField(1, size);
}
