import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/**
 * The part of the ONNX schema that this engine writes, with ONNX's published field numbers.
 * Messages are encoded by hand-written functions of a few lines each: the schema is small, fixed by a
 * standard, and weights (many megabytes) go into the file as raw bytes, without another copy of the model.
 */
export type TensorProto = {
  name: string;
  dataType: number;
  dims: readonly number[];
  data: Uint8Array | ExternalData;
};
/** `length` bytes from `offset` of another file, which ONNX looks for beside the model. */
export type ExternalData = { readonly location: string; readonly offset: number; readonly length: number };
/** A dimension is a number, or a name when it is only known at run time. */
export type Dim = number | string;
export type ValueInfoProto = { name: string; elemType: number; dims: readonly Dim[] };
/** An attribute: a whole number, a float (`{ f }`), a string, or a list of whole numbers. */
export type Attribute = number | { readonly f: number } | string | readonly number[];
export type NodeProto = {
  opType: string;
  domain: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, Attribute>>;
};
export type ModelProto = {
  irVersion: number;
  opsets: readonly { domain: string; version: number }[];
  nodes: readonly NodeProto[];
  initializers: readonly TensorProto[];
  inputs: readonly ValueInfoProto[];
  outputs: readonly ValueInfoProto[];
};

const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_STRING = 3;
const ATTRIBUTE_INTS = 7;
const LOCATION_EXTERNAL = 1;

const utf8 = new TextEncoder();

/** Encodes a model as the bytes of an `.onnx` file. Weights are copied once, to their place in it. */
export function encodeModel(model: ModelProto): Uint8Array {
  const graph = [
    part((writer) => {
      for (const node of model.nodes) message(writer, 1, (w) => encodeNode(w, node));
      text(writer, 2, 'graph');
    }),
    ...model.initializers.flatMap(encodeTensor),
    part((writer) => {
      for (const value of model.inputs) message(writer, 11, (w) => encodeValueInfo(w, value));
      for (const value of model.outputs) message(writer, 12, (w) => encodeValueInfo(w, value));
    }),
  ];
  const head = part((writer) => {
    int(writer, 1, model.irVersion);
    text(writer, 2, 'openledger');
    writer.tag(7, WireType.LengthDelimited).uint32(lengthOf(graph));
  });
  const tail = part((writer) => {
    for (const opset of model.opsets) {
      message(writer, 8, (w) => {
        text(w, 1, opset.domain);
        int(w, 2, opset.version);
      });
    }
  });
  return join([head, ...graph, tail]);
}

function part(body: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  body(writer);
  return writer.finish();
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, { length }) => total + length, 0);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(lengthOf(parts));
  let offset = 0;
  for (const one of parts) {
    bytes.set(one, offset);
    offset += one.length;
  }
  return bytes;
}

function encodeNode(writer: BinaryWriter, node: NodeProto): void {
  for (const name of node.inputs) text(writer, 1, name);
  for (const name of node.outputs) text(writer, 2, name);
  text(writer, 3, node.outputs[0]);
  text(writer, 4, node.opType);
  for (const [name, value] of Object.entries(node.attributes)) {
    message(writer, 5, (w) => encodeAttribute(w, name, value));
  }
  text(writer, 7, node.domain);
}

function encodeAttribute(writer: BinaryWriter, name: string, value: Attribute): void {
  text(writer, 1, name);
  if (typeof value === 'number') {
    int(writer, 3, value);
    int(writer, 20, ATTRIBUTE_INT);
  } else if (typeof value === 'string') {
    writer.tag(4, WireType.LengthDelimited).bytes(utf8.encode(value));
    int(writer, 20, ATTRIBUTE_STRING);
  } else if ('f' in value) {
    writer.tag(2, WireType.Bit32).float(value.f);
    int(writer, 20, ATTRIBUTE_FLOAT);
  } else {
    for (const item of value) int(writer, 8, item);
    int(writer, 20, ATTRIBUTE_INTS);
  }
}

/** A tensor as the field 5 of a graph, its values apart so that they need no copy yet. */
function encodeTensor({ name, dataType, dims, data }: TensorProto): Uint8Array[] {
  const values = data instanceof Uint8Array ? data : new Uint8Array(0);
  const fields = part((writer) => {
    for (const dim of dims) int(writer, 1, dim);
    int(writer, 2, dataType);
    text(writer, 8, name);
    if (data instanceof Uint8Array) writer.tag(9, WireType.LengthDelimited).uint32(data.length);
    else encodeExternal(writer, data);
  });
  const head = part((writer) =>
    writer.tag(5, WireType.LengthDelimited).uint32(fields.length + values.length),
  );
  return [head, fields, values];
}

function encodeExternal(writer: BinaryWriter, data: ExternalData): void {
  for (const [key, value] of Object.entries(data)) {
    message(writer, 13, (entry) => {
      text(entry, 1, key);
      text(entry, 2, String(value));
    });
  }
  int(writer, 14, LOCATION_EXTERNAL);
}

function encodeValueInfo(writer: BinaryWriter, value: ValueInfoProto): void {
  text(writer, 1, value.name);
  message(writer, 2, (type) =>
    message(type, 1, (tensor) => {
      int(tensor, 1, value.elemType);
      message(tensor, 2, (shape) => {
        for (const dim of value.dims) {
          message(shape, 1, (w) => (typeof dim === 'number' ? int(w, 1, dim) : text(w, 2, dim)));
        }
      });
    }),
  );
}

function int(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function message(writer: BinaryWriter, field: number, body: (writer: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  body(writer);
  writer.join();
}
