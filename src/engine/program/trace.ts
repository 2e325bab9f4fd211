/**
 * Turns tf code into a Program. The code runs once on a backend that computes nothing: its kernels give tensors without
 * values and write down that they were called. So a trace takes as long as the JavaScript around the kernels, however
 * big the network is, and code that looks at values is found out, since there are none.
 */
import * as tf from '@tensorflow/tfjs';
import { freeAbandonedTape } from '../tape.ts';
import {
  type DataType,
  type Distribution,
  type Node,
  type Origin,
  type Program,
  type Value,
  type Values,
  withoutDeadCode,
} from './program.ts';
import { knownKernels, shapeRule, type Type } from './shapes.ts';

const backendName = 'aenb-trace';

/** Why tf code can't be compiled, in words for the person who wrote it. */
export class NotCompilable extends Error {
  override name = 'NotCompilable';
}

/** What a trace starts from. */
export interface TraceInputs {
  readonly variables: readonly tf.Variable[];
  readonly feeds: Readonly<Record<string, Type>>;
}

/** What traced code gets: tensors without values, and randomness as the trace knows it. */
export interface TraceScope {
  readonly feeds: Readonly<Record<string, tf.Tensor>>;
  random(shape: number[], distribution: Distribution): tf.Tensor;
}

/** What the code leaves: named outputs. Assignments to variables are outputs too, under `updatePrefix` and their place. */
export type TraceResult = Record<string, tf.Tensor>;
export const updatePrefix = 'update:';

/** The parts of tfjs's Engine that it types as private. */
interface Engine {
  backendName: string;
  backendInstance: tf.KernelBackend;
  readonly registry: Record<string, tf.KernelBackend>;
  readonly state: {
    tensorInfo: WeakMap<object, { backend: tf.KernelBackend }>;
    registeredVariables: Record<string, tf.Variable>;
  };
  makeTensorFromDataId(id: object, shape: number[], dtype: string, backend: tf.KernelBackend): tf.Tensor;
  readSync: unknown;
  read: unknown;
}
const engine = () => tf.engine() as unknown as Engine;

/** Puts tfjs back as it was before the trace that runs, if one does. */
let end: (() => void) | undefined;

/** After a termination, which skips finally blocks. */
export function abandonTrace(): void {
  end?.();
}

/**
 * Runs `code` once and gives what it would compute.
 *
 * @throws NotCompilable if the code reads values, or calls a kernel that has no rule
 */
export function trace({ variables, feeds }: TraceInputs, code: (scope: TraceScope) => TraceResult): Program {
  const owner = engine();
  const backend = traceBackend();
  const recorder = new Recorder();
  const before = valuesBefore(variables);
  end = begin(backend, recorder, before);
  try {
    let program: Program | undefined;
    tf.tidy(() => {
      variables.forEach((variable, index) => {
        const { shape, dtype } = variable;
        recorder.declare(before.get(variable)!.dataId, { kind: 'variable', index, shape, dtype: dtype as DataType });
      });
      const make = (origin: Origin, { shape, dtype }: Type) => {
        const id = backend.newData();
        recorder.declare(id, { ...origin, shape, dtype });
        return owner.makeTensorFromDataId(id, [...shape], dtype, backend);
      };
      let draws = 0;
      const outputs = code({
        feeds: Object.fromEntries(
          Object.entries(feeds).map(([name, type]) => [name, make({ kind: 'feed', name }, type)]),
        ),
        random: (shape, distribution) =>
          make({ kind: 'random', index: draws++, distribution }, { shape, dtype: 'float32' }),
      });
      program = recorder.finish({ ...outputs, ...updatesOf(variables, before) }, variables);
    });
    return program!;
  } finally {
    end();
    freeAbandonedTape();
  }
}

/** The values of all variables there are: an assignment would free the old one, but these hold it. */
function valuesBefore(variables: readonly tf.Variable[]): Map<tf.Variable, tf.Tensor> {
  const all = new Set([...Object.values(engine().state.registeredVariables), ...variables]);
  return new Map([...all].map((variable) => [variable, hold(variable)]));
}

/** A tensor over the same memory as another. (A clone is a copy on some backends.) */
function hold({ dataId, shape, dtype }: tf.Tensor): tf.Tensor {
  const owner = engine();
  const { backend } = owner.state.tensorInfo.get(dataId)!;
  backend.incRef(dataId);
  return tf.keep(owner.makeTensorFromDataId(dataId, [...shape], dtype, backend));
}

/** Makes tfjs speak to the trace. Returns what undoes it. */
function begin(backend: TraceBackend, recorder: Recorder, before: ReadonlyMap<tf.Variable, tf.Tensor>): () => void {
  const owner = engine();
  const { backendName: outerName, backendInstance: outer } = owner;
  const readers = (['readSync', 'read'] as const).map(
    (name) => [name, Object.getOwnPropertyDescriptor(owner, name)] as const,
  );
  backend.recorder = recorder;
  owner.backendName = backendName;
  owner.backendInstance = backend;
  for (const [name] of readers) owner[name] = refuseToRead;
  return () => {
    end = undefined;
    owner.backendName = outerName;
    owner.backendInstance = outer;
    backend.recorder = undefined;
    for (const [name, descriptor] of readers) {
      if (descriptor) Object.defineProperty(owner, name, descriptor);
      else delete (owner as Partial<Engine>)[name];
    }
    for (const [variable, value] of before) {
      if (variable.dataId !== value.dataId) variable.assign(value);
      value.dispose();
    }
  };
}

/** Variables that the code assigned to (the averages of a batch normalization) and what they become. */
function updatesOf(
  variables: readonly tf.Variable[],
  before: ReadonlyMap<tf.Variable, tf.Tensor>,
): Record<string, tf.Tensor> {
  for (const [variable, value] of before) {
    if (variable.dataId !== value.dataId && !variables.includes(variable)) {
      throw new NotCompilable(`it assigns to the variable ${variable.name}, which is none of the model's`);
    }
  }
  return Object.fromEntries(
    variables.flatMap((variable, index) =>
      variable.dataId === before.get(variable)!.dataId ? [] : [[`${updatePrefix}${index}`, variable as tf.Tensor]],
    ),
  );
}

function refuseToRead(): never {
  throw new NotCompilable(
    'it reads the values of a tensor (data, dataSync, array or print), so that what it computes may depend on them',
  );
}

/** The program as it grows. */
class Recorder {
  readonly #values: Value[] = [];
  readonly #nodes: Node[] = [];
  readonly #ids = new Map<object, number>();

  declare(dataId: object, value: Value): number {
    const id = this.#values.push(value) - 1;
    this.#ids.set(dataId, id);
    return id;
  }

  /** The value behind a tensor. One that was made before the trace is a constant of the program. */
  valueOf({ dataId, shape, dtype }: tf.TensorInfo): number {
    const known = this.#ids.get(dataId);
    if (known !== undefined) return known;
    const info = engine().state.tensorInfo.get(dataId);
    if (!info) throw new NotCompilable('it uses a tensor that was disposed');
    const values = info.backend.readSync(dataId) as Values;
    return this.declare(dataId, { ...constant(values), shape, dtype: dtype as DataType });
  }

  call(
    kernel: string,
    inputs: tf.NamedTensorInfoMap,
    attributes: object | undefined,
    outputs: readonly number[],
  ): void {
    const named = Array.isArray(inputs)
      ? { list: (inputs as tf.TensorInfo[]).map((input) => this.valueOf(input)) }
      : Object.fromEntries(
          Object.entries(inputs)
            .filter(([, input]) => input !== undefined && input !== null)
            .map(([name, input]) => [name, this.valueOf(input!)]),
        );
    // a copy: attributes may be arrays that the caller goes on using
    this.#nodes.push({
      kernel,
      inputs: named,
      attributes: structuredClone(plain(attributes ?? {})) as Record<string, unknown>,
      outputs,
    });
  }

  type(id: number): Type {
    return this.#values[id];
  }

  finish(outputs: TraceResult, variables: readonly tf.Variable[]): Program {
    return withoutDeadCode({
      values: this.#values,
      nodes: this.#nodes,
      outputs: Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, this.valueOf(tensor)])),
      variables: variables.map(({ name, shape }) => ({ name, shape })),
    });
  }
}

function plain(attributes: object): object {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => typeof value !== 'function'));
}

function constant(values: Values): Origin {
  if (values.length > 0 && areAlike(values)) return { kind: 'fill', value: Number(values[0]) };
  return { kind: 'constant', values: values.slice() };
}

/** Whether all elements are the same, bit by bit. */
function areAlike(values: Values): boolean {
  const { buffer, byteOffset, length } = values;
  const bits = values instanceof Float32Array ? new Int32Array(buffer, byteOffset, length) : values;
  for (let i = 1; i < length; i++) if (bits[i] !== bits[0]) return false;
  return true;
}

/** A backend whose memory is empty. */
class TraceBackend extends tf.KernelBackend {
  recorder: Recorder | undefined;
  readonly #references = new Map<object, number>();

  newData(): object {
    const id = {};
    this.#references.set(id, 1);
    return id;
  }

  kernel(name: string, inputs: tf.NamedTensorInfoMap, attributes: object | undefined): tf.TensorInfo[] {
    const recorder = this.#recorder();
    const types = (infos: readonly tf.TensorInfo[]) =>
      infos.map(({ shape, dtype }) => ({ shape, dtype: dtype as DataType }));
    const typed = Array.isArray(inputs)
      ? { list: types(inputs as tf.TensorInfo[]) }
      : Object.fromEntries(
          Object.entries(inputs)
            .filter(([, input]) => input)
            .map(([key, input]) => [key, types([input!])[0]]),
        );
    const made = [shapeRule(name)!(typed as never, (attributes ?? {}) as never)].flat() as Type[];
    const outputs = made.map(({ shape, dtype }) => {
      const dataId = this.newData();
      return { dataId, shape: [...shape], dtype, id: recorder.declare(dataId, { kind: 'result', shape, dtype }) };
    });
    recorder.call(
      name,
      inputs,
      attributes,
      outputs.map(({ id }) => id),
    );
    return outputs.map(({ dataId, shape, dtype }) => ({ dataId, shape, dtype }));
  }

  #recorder(): Recorder {
    if (!this.recorder) throw new Error('nothing is being traced');
    return this.recorder;
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    const id = this.newData();
    if (values) this.recorder?.declare(id, { ...constant(values as Values), shape, dtype: dtype as DataType });
    return id;
  }

  override incRef(dataId: object): void {
    const count = this.#references.get(dataId);
    if (count !== undefined) this.#references.set(dataId, count + 1);
    else engine().state.tensorInfo.get(dataId)?.backend.incRef(dataId);
  }

  override disposeData(dataId: object): boolean {
    const count = (this.#references.get(dataId) ?? 1) - 1;
    if (count > 0) this.#references.set(dataId, count);
    else this.#references.delete(dataId);
    return count <= 0;
  }

  override refCount(dataId: object): number {
    return this.#references.get(dataId) ?? 0;
  }

  override numDataIds(): number {
    return this.#references.size;
  }

  override readSync = refuseToRead;
  override read = refuseToRead;
  override timerAvailable(): boolean {
    return false;
  }
  override floatPrecision(): 16 | 32 {
    return 32;
  }
  override epsilon(): number {
    return 1e-7;
  }
  override dispose(): void {}
}

let instance: TraceBackend | undefined;

/** Made with the first trace: one kernel of every name that has a rule, all of them the same. */
function traceBackend(): TraceBackend {
  if (instance) return instance;
  const backend = new TraceBackend();
  for (const kernelName of knownKernels()) {
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => {
        const outputs = backend.kernel(kernelName, inputs, attrs);
        return outputs.length === 1 && !severalOutputs.has(kernelName) ? outputs[0] : outputs;
      },
    });
  }
  // another name for the same value
  tf.registerKernel({
    kernelName: 'Identity',
    backendName,
    kernelFunc: ({ inputs }) => {
      const x = inputs.x!;
      backend.incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    },
  });
  // tfjs looks its backends up by name when a tensor is to be moved from one to another
  tf.registerBackend(backendName, () => backend, -1);
  instance = backend;
  return backend;
}

const severalOutputs = new Set(['SplitV', 'Unpack']);
