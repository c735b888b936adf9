import { PbfReader } from 'pbf';

/** What a test looks at in an ONNX file. Field numbers: onnx/onnx.proto3. */
export interface Decoded {
  irVersion: number;
  opset: number;
  name: string;
  nodes: DecodedNode[];
  constants: Map<string, { dims: number[]; type: number; bytes: Uint8Array }>;
  inputs: Record<string, (number | string)[]>;
  outputs: Record<string, (number | string)[]>;
}

export interface DecodedNode {
  op: string;
  name: string;
  inputs: string[];
  outputs: string[];
  attributes: Record<string, number | string | number[]>;
}

type Readers = Readonly<Record<number, (pbf: PbfReader) => void>>;

/** Calls the reader of each field; others make the test fail. */
function fields(pbf: PbfReader, end: number, readers: Readers): void {
  pbf.readFields<undefined>(
    (tag) => {
      const read = readers[tag];
      if (!read) throw new Error(`unexpected field ${tag}`);
      read(pbf);
    },
    undefined,
    end,
  );
}

function message(pbf: PbfReader, readers: Readers): void {
  fields(pbf, pbf.readVarint() + pbf.pos, readers);
}

/** Decodes a file as an ONNX runtime does. */
export function decodeOnnx(file: Uint8Array): Decoded {
  const model: Decoded = {
    ...{ irVersion: 0, opset: 0, name: '', nodes: [], constants: new Map() },
    ...{ inputs: {}, outputs: {} },
  };
  fields(new PbfReader(file), file.length, {
    1: (pbf) => (model.irVersion = pbf.readVarint()),
    2: (pbf) => pbf.readString(),
    7: (pbf) => readGraph(pbf, model),
    8: (pbf) =>
      message(pbf, { 1: () => pbf.readString(), 2: () => (model.opset = pbf.readVarint()) }),
  });
  return model;
}

function readGraph(pbf: PbfReader, model: Decoded): void {
  message(pbf, {
    1: () => model.nodes.push(readNode(pbf)),
    2: () => (model.name = pbf.readString()),
    5: () => readTensor(pbf, model),
    11: () => readValue(pbf, model.inputs),
    12: () => readValue(pbf, model.outputs),
  });
}

function readNode(pbf: PbfReader): DecodedNode {
  const node: DecodedNode = { op: '', name: '', inputs: [], outputs: [], attributes: {} };
  message(pbf, {
    1: () => node.inputs.push(pbf.readString()),
    2: () => node.outputs.push(pbf.readString()),
    3: () => (node.name = pbf.readString()),
    4: () => (node.op = pbf.readString()),
    5: () => {
      let [name, value, type] = ['', [] as number | string | number[], 0];
      message(pbf, {
        1: () => (name = pbf.readString()),
        2: () => (value = pbf.readFloat()),
        3: () => (value = pbf.readVarint(true)),
        4: () => (value = pbf.readString()),
        8: () => (value as number[]).push(pbf.readVarint(true)),
        20: () => (type = pbf.readVarint()),
      });
      if (type === 0) throw new Error(`${name} has no type`);
      node.attributes[name] = value;
    },
  });
  return node;
}

function readTensor(pbf: PbfReader, model: Decoded): void {
  const tensor = { dims: [] as number[], type: 0, bytes: new Uint8Array() };
  let name = '';
  message(pbf, {
    1: () => tensor.dims.push(pbf.readVarint(true)),
    2: () => (tensor.type = pbf.readVarint()),
    8: () => (name = pbf.readString()),
    9: () => (tensor.bytes = pbf.readBytes().slice()),
  });
  model.constants.set(name, tensor);
}

function readValue(pbf: PbfReader, values: Decoded['inputs']): void {
  let name = '';
  const shape: (number | string)[] = [];
  const dimension = (): void =>
    message(pbf, { 1: () => shape.push(pbf.readVarint()), 2: () => shape.push(pbf.readString()) });
  const tensorType = (): void =>
    message(pbf, { 1: () => pbf.readVarint(), 2: () => message(pbf, { 1: dimension }) });
  message(pbf, {
    1: () => (name = pbf.readString()),
    2: () => message(pbf, { 1: tensorType }),
  });
  values[name] = shape;
}
