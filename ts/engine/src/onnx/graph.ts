import {
  type Attribute,
  type Dim,
  type ExternalData,
  encodeModel,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './proto.ts';

export type DType = 'f32' | 'i64' | 'i32' | 'u8' | 'u4';
export type TensorData = Float32Array | BigInt64Array | Int32Array;

/** ONNX's numbers for the element types in use. */
const ELEMENT_TYPE: Record<DType, number> = { f32: 1, u8: 2, i32: 6, i64: 7, u4: 21 };

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

/**
 * Larger constants stay outside of the model's bytes: a protocol buffer ends at 2 GiB, and what is outside needs no
 * copy of its own. Smaller ones are inside, where the runtime reads shapes and axes while it prepares the graph.
 */
const LARGE = 2 ** 14;

/** A model as a session takes it. */
export type Model = {
  /** The ONNX model. */
  readonly bytes: Uint8Array;
  /** Its large constants, by the file name under which the model speaks of them; a session makes its own copy. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Weights that are inputs of every run, so that all sessions compute with the caller's one copy. */
  readonly shared: Readonly<Record<string, SharedWeight>>;
  /** Whether nearly every run has other shapes. Planning the memory for each then costs more than it saves. */
  readonly isVaried?: boolean;
};
export type SharedWeight = { readonly data: Float32Array; readonly dims: readonly number[] };

type Initializer = { name: string; dataType: number; dims: readonly number[]; bytes: Uint8Array };

/** Collects nodes, weights, inputs and outputs, and writes them as an ONNX model. */
export class Graph {
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: Initializer[] = [];
  readonly #shared: Record<string, SharedWeight> = {};
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #domains = new Set<string>(['']);
  #counter = 0;

  /** Number of operators so far. */
  get size(): number {
    return this.#nodes.length;
  }

  /** Bytes of all constants so far. */
  get constantBytes(): number {
    return this.#initializers.reduce((sum, { bytes }) => sum + bytes.length, 0);
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

  /** Adds a constant tensor. Large ones are not copied. */
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
    this.#initializers.push({ name, dataType: ELEMENT_TYPE[dtype], dims: shape, bytes: rawData });
    return { name, dtype, shape };
  }

  /**
   * Adds a constant that sessions do not copy: an input that `Model.shared` feeds. It saves memory and the time to
   * prepare it, and makes products with it slower; sums may round otherwise than with a constant.
   */
  shared(data: Float32Array, shape: readonly number[], name: string): Value {
    this.#shared[name] = { data, dims: shape };
    return this.input(name, 'f32', shape);
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

  /** The model for a session. */
  build(): Model {
    const files = new Map<string, Uint8Array>();
    const bytes = this.#encode((initializer) => {
      if (initializer.bytes.length < LARGE) return initializer.bytes;
      files.set(initializer.name, initializer.bytes);
      return { location: initializer.name, offset: 0, length: initializer.bytes.length };
    });
    return { bytes, files, shared: this.#shared };
  }

  /** The model as one file, everything inside. It must stay below 2 GiB, where protocol buffers end. */
  buildFile(): Uint8Array {
    return this.#encode(({ bytes }) => bytes);
  }

  /**
   * The model as a file with its large constants in others beside it, of `most` bytes each unless one constant has more.
   * `nameOf` names them; `data` has the parts of each.
   */
  buildFiles(
    nameOf: (index: number) => string,
    most: number,
  ): { bytes: Uint8Array; data: readonly (readonly Uint8Array[])[] } {
    const data: Uint8Array[][] = [[]];
    let offset = 0;
    const bytes = this.#encode(({ bytes: values }) => {
      if (values.length < LARGE) return values;
      if (offset > 0 && offset + values.length > most) {
        data.push([]);
        offset = 0;
      }
      data.at(-1)!.push(values);
      const place = { location: nameOf(data.length - 1), offset, length: values.length };
      offset += values.length;
      return place;
    });
    return { bytes, data };
  }

  #encode(dataOf: (initializer: Initializer) => Uint8Array | ExternalData): Uint8Array {
    const initializers: TensorProto[] = this.#initializers.map((one) => ({
      name: one.name,
      dataType: one.dataType,
      dims: one.dims,
      data: dataOf(one),
    }));
    return encodeModel({
      irVersion: IR_VERSION,
      opsets: [...this.#domains].map((domain) => ({ domain, version: domain === '' ? OPSET : 1 })),
      nodes: this.#nodes,
      initializers,
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
