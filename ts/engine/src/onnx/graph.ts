import {
  type Attribute,
  type Dim,
  encodeModel,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './proto.ts';

export type DType = 'f32' | 'i64' | 'i32' | 'u8' | 'i4';
export type TensorData = Float32Array | BigInt64Array | Int32Array;

/** ONNX's numbers for the element types in use. */
const ELEMENT_TYPE: Record<DType, number> = { f32: 1, u8: 2, i32: 6, i64: 7, i4: 22 };

const OPSET = 21;
const IR_VERSION = 10;
/** Operators of ONNX Runtime itself, such as RotaryEmbedding. */
export const CONTRIB = 'com.microsoft';

/** An edge of the graph. A dimension of -1 is known only at run time. */
export type Value = { readonly name: string; readonly dtype: DType; readonly shape: readonly number[] };

/** What an operator returns: its shape, and its type where that differs from the first input's. */
export type OutputSpec = { readonly shape: readonly number[]; readonly dtype?: DType };

export type OpOptions = {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
};

/** Protocol buffers, in which models are written, end at 2 GiB; nodes and names take a little of it. */
const MAX_WEIGHT_BYTES = 2 ** 31 - 2 ** 24;

/** Collects nodes, weights, inputs and outputs, and writes them as an ONNX model. */
export class Graph {
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #domains = new Set<string>(['']);
  #counter = 0;

  /** Number of operators so far. */
  get size(): number {
    return this.#nodes.length;
  }

  /** Declares an input of the model. A named dimension is free at run time. */
  input(name: string, dtype: DType, dims: readonly Dim[]): Value {
    this.#inputs.push({ name, elemType: ELEMENT_TYPE[dtype], dims });
    return { name, dtype, shape: dims.map((dim) => (typeof dim === 'number' ? dim : -1)) };
  }

  /** Declares `value` as an output of the model, called `name`. */
  output(value: Value, name: string, dims: readonly Dim[] = value.shape): void {
    this.#push('Identity', [value], [name], {});
    this.#outputs.push({ name, elemType: ELEMENT_TYPE[value.dtype], dims });
  }

  /** Adds a constant tensor. The bytes are not copied until the model is encoded. */
  constant(data: TensorData, shape: readonly number[], name: string = this.#fresh('constant')): Value {
    const dtype: DType = data instanceof Float32Array ? 'f32' : data instanceof Int32Array ? 'i32' : 'i64';
    return this.packed(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), dtype, shape, name);
  }

  /** Adds a constant tensor from its bytes in ONNX's layout; two 4-bit numbers share a byte, the first below. */
  packed(
    rawData: Uint8Array,
    dtype: DType,
    shape: readonly number[],
    name: string = this.#fresh('constant'),
  ): Value {
    this.#initializers.push({ name, dataType: ELEMENT_TYPE[dtype], dims: shape, rawData });
    return { name, dtype, shape };
  }

  /** Adds an operator with one output. */
  op(opType: string, inputs: readonly Value[], spec: OutputSpec, options: OpOptions = {}): Value {
    return this.multi(opType, inputs, [spec], options)[0];
  }

  /** Adds an operator with several outputs. */
  multi(
    opType: string,
    inputs: readonly Value[],
    specs: readonly OutputSpec[],
    options: OpOptions = {},
  ): Value[] {
    const outputs = specs.map((spec) => ({
      name: this.#fresh(opType),
      dtype: spec.dtype ?? inputs[0].dtype,
      shape: spec.shape,
    }));
    this.#push(
      opType,
      inputs,
      outputs.map((output) => output.name),
      options,
    );
    return outputs;
  }

  /** The bytes of the `.onnx` model. Throws when its weights do not fit. */
  encode(): Uint8Array {
    const bytes = this.#initializers.reduce((sum, { rawData }) => sum + rawData.byteLength, 0);
    if (bytes > MAX_WEIGHT_BYTES) {
      throw new Error(
        `The model's frozen weights take ${(bytes / 2 ** 30).toFixed(1)} GiB, and a graph holds 2 GiB. Hold them in four bits (q4), or take a smaller base model.`,
      );
    }
    return encodeModel({
      irVersion: IR_VERSION,
      opsets: [...this.#domains].map((domain) => ({ domain, version: domain === '' ? OPSET : 1 })),
      nodes: this.#nodes,
      initializers: this.#initializers,
      inputs: this.#inputs,
      outputs: this.#outputs,
    });
  }

  #push(opType: string, inputs: readonly Value[], outputs: readonly string[], options: OpOptions): void {
    const { attributes = {}, domain = '' } = options;
    this.#checkDeterminism(opType, attributes);
    this.#domains.add(domain);
    this.#nodes.push({ opType, domain, inputs: inputs.map((input) => input.name), outputs, attributes });
  }

  /** Refuses the operators whose result depends on thread timing or on the other rows of a batch. */
  #checkDeterminism(opType: string, attributes: Readonly<Record<string, Attribute>>): void {
    if (opType === 'ScatterND' && attributes.reduction !== undefined) {
      throw new Error('ScatterND with a reduction races between threads. Use ScatterElements instead.');
    }
    if (opType.startsWith('DynamicQuantize')) {
      throw new Error(`${opType} makes a row depend on its batch. Use MatMulNBits instead.`);
    }
  }

  #fresh(prefix: string): string {
    this.#counter += 1;
    return `${prefix}_${this.#counter}`;
  }
}
