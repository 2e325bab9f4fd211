/**
 * Writes a graph in ONNX's format (onnx.proto, IR version 8). Field numbers are those of the specification; pbf puts
 * them into bytes.
 */
import { PbfWriter } from 'pbf';

export type Element = 'float32' | 'int32' | 'int64' | 'bool';
/** TensorProto.DataType */
export const elementCode: Record<Element, number> = { float32: 1, int32: 6, int64: 7, bool: 9 };
/** Sizes of a tensor; a name stands for a size that is free. */
export type Dimensions = readonly (number | string)[];
type Bytes = ArrayBufferView;
/** Whole numbers are written as integers; a real number is marked as one by `real`. */
export type Attribute = number | string | readonly number[] | { readonly real: number };

export const real = (value: number): Attribute => ({ real: value });

interface GraphNode {
  operator: string;
  domain: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, Attribute>>;
}
interface Constant {
  name: string;
  element: Element;
  shape: readonly number[];
  data: Bytes;
}
interface Port {
  name: string;
  element: Element;
  shape: Dimensions;
}

export class OnnxGraph {
  readonly #nodes: GraphNode[] = [];
  readonly #constants: Constant[] = [];
  readonly #inputs: Port[] = [];
  readonly #outputs: Port[] = [];
  readonly #known = new Map<string, string>();
  #count = 0;

  fresh(stem: string): string {
    return `${stem}_${this.#count++}`;
  }

  /** Adds an operation with one output, and gives the output's name. */
  add(operator: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}, domain = ''): string {
    return this.addSeveral(operator, inputs, 1, attributes, domain)[0];
  }

  addSeveral(
    operator: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Record<string, Attribute> = {},
    domain = '',
  ): string[] {
    const key = JSON.stringify([operator, inputs, attributes, outputs]);
    const known = this.#known.get(key);
    if (known) return JSON.parse(known) as string[];
    const names = Array.from({ length: outputs }, () => this.fresh(operator));
    this.#nodes.push({ operator, domain, inputs, outputs: names, attributes });
    this.#known.set(key, JSON.stringify(names));
    return names;
  }

  constant(element: Element, shape: readonly number[], data: Bytes): string {
    const bytes = bytesOf(data);
    const key = bytes.length <= 512 ? `${element}/${shape}/${bytes}` : undefined;
    const known = key && this.#known.get(key);
    if (known) return known;
    const name = this.fresh('constant');
    this.#constants.push({ name, element, shape, data });
    if (key) this.#known.set(key, name);
    return name;
  }

  scalar(value: number): string {
    return this.constant('float32', [], Float32Array.of(value));
  }

  /** A vector of sizes, axes or positions. */
  integers(values: readonly number[]): string {
    return this.constant('int64', [values.length], BigInt64Array.from(values, BigInt));
  }

  input(name: string, element: Element, shape: Dimensions): string {
    this.#inputs.push({ name, element, shape });
    return name;
  }

  /** Makes a value an output of the graph under `name`. */
  output(name: string, value: string, element: Element, shape: Dimensions): void {
    this.#nodes.push({ operator: 'Identity', domain: '', inputs: [value], outputs: [name], attributes: {} });
    this.#outputs.push({ name, element, shape });
  }

  get operations(): readonly string[] {
    return this.#nodes.map(({ operator }) => operator);
  }

  /** The model's bytes. */
  encode(): Uint8Array {
    const writer = new PbfWriter();
    writer.writeVarintField(1, 8); // ir_version
    writer.writeStringField(2, 'aenb'); // producer_name
    writer.writeMessage(7, (_, pbf) => this.#writeGraph(pbf), undefined);
    writer.writeMessage(8, writeOperatorSet, { domain: '', version: 18 });
    if (this.#nodes.some(({ domain }) => domain)) {
      writer.writeMessage(8, writeOperatorSet, { domain: 'com.microsoft', version: 1 });
    }
    return writer.finish();
  }

  #writeGraph(pbf: PbfWriter): void {
    for (const node of this.#nodes) pbf.writeMessage(1, writeNode, node);
    pbf.writeStringField(2, 'program');
    for (const constant of this.#constants) pbf.writeMessage(5, writeConstant, constant);
    for (const port of this.#inputs) pbf.writeMessage(11, writePort, port);
    for (const port of this.#outputs) pbf.writeMessage(12, writePort, port);
  }
}

function writeOperatorSet({ domain, version }: { domain: string; version: number }, pbf: PbfWriter): void {
  pbf.writeStringField(1, domain);
  pbf.writeVarintField(2, version);
}

function writeNode({ operator, domain, inputs, outputs, attributes }: GraphNode, pbf: PbfWriter): void {
  for (const input of inputs) pbf.writeStringField(1, input);
  for (const output of outputs) pbf.writeStringField(2, output);
  pbf.writeStringField(4, operator);
  for (const [name, value] of Object.entries(attributes)) pbf.writeMessage(5, writeAttribute, { name, value });
  if (domain) pbf.writeStringField(7, domain);
}

/** AttributeProto.AttributeType */
const attributeType = { float: 1, int: 2, string: 3, ints: 7 };

function writeAttribute({ name, value }: { name: string; value: Attribute }, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  if (typeof value === 'number') {
    pbf.writeVarintField(3, value);
    pbf.writeVarintField(20, attributeType.int);
  } else if (typeof value === 'string') {
    pbf.writeBytesField(4, new TextEncoder().encode(value));
    pbf.writeVarintField(20, attributeType.string);
  } else if ('real' in value) {
    pbf.writeFloatField(2, value.real);
    pbf.writeVarintField(20, attributeType.float);
  } else {
    for (const item of value) pbf.writeVarintField(8, item);
    pbf.writeVarintField(20, attributeType.ints);
  }
}

function writeConstant({ name, element, shape, data }: Constant, pbf: PbfWriter): void {
  for (const size of shape) pbf.writeVarintField(1, size);
  pbf.writeVarintField(2, elementCode[element]);
  pbf.writeStringField(8, name);
  pbf.writeBytesField(9, bytesOf(data));
}

function writePort({ name, element, shape }: Port, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  pbf.writeMessage(2, (_, type) => type.writeMessage(1, writeTensorType, { element, shape }), undefined);
}

function writeTensorType({ element, shape }: { element: Element; shape: Dimensions }, pbf: PbfWriter): void {
  pbf.writeVarintField(1, elementCode[element]);
  const writeShape = (_: undefined, sizes: PbfWriter) => {
    for (const size of shape) {
      const writeSize = (_: undefined, dimension: PbfWriter) =>
        typeof size === 'string' ? dimension.writeStringField(2, size) : dimension.writeVarintField(1, size);
      sizes.writeMessage(1, writeSize, undefined);
    }
  };
  pbf.writeMessage(2, writeShape, undefined);
}

function bytesOf(data: Bytes): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
