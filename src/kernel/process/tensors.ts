/**
 * Puts tfjs in order after a termination, which skips its finally blocks: open scopes, the gradient's depth and tape,
 * and tensors that nobody can reach any more. Variables of cells, and tensors that they hold, stay.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { uninterrupted } from './interrupt';

interface Tensor {
  readonly id: number;
  readonly dataId: object;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly size: number;
  /** Variables have one. */
  readonly name?: string;
  readonly kept: boolean;
  readonly isDisposed: boolean;
  dispose(): void;
}

interface Scope {
  readonly track: Tensor[];
}

/** What is touched of tfjs's Engine, which types this part as private. */
interface Engine {
  /** Backends that have been started. */
  readonly registry: Record<string, object | undefined>;
  readonly state: {
    scopeStack: Scope[];
    activeScope: Scope | undefined;
    gradientDepth: number;
    kernelDepth: number;
    activeTape: { readonly saved?: readonly Tensor[] }[] | null;
    numDataMovesStack: number[];
    registeredVariables: Record<string, Tensor>;
    profiling: boolean;
  };
  endScope(): void;
  /** Called for each new tensor, and for each that leaves a scope as its result. */
  track(tensor: Tensor): Tensor;
  keep(tensor: Tensor): Tensor;
  disposeTensor(tensor: Tensor): void;
}

/** What tfjs must not be stopped in the middle of: its own accounts of tensors and scopes. */
const ACCOUNTS = [
  'addTapeNode',
  'disposeTensor',
  'disposeVariable',
  'endScope',
  'incRef',
  'keep',
  'makeTensor',
  'makeTensorFromDataId',
  'makeTensorFromTensorInfo',
  'makeVariable',
  'moveData',
  'readSync',
  'registerVariable',
  'saveTensorsForBackwardMode',
  'startScope',
  'trackTensor',
];
/** Engines whose memory is not JavaScript's: a kernel that is cut in half would leave it in pieces. */
const NATIVE = ['wasm', 'tensorflow'];

/**
 * After a termination: each takes some ten milliseconds. A compiler of V8's that is at work in the background keeps
 * what the function that it compiles has seen, so that the first few may not find everything.
 */
const MAX_COLLECTIONS = 12;
/** From this one on there is a pause before it. */
const PATIENT_COLLECTIONS = 3;
const PAUSE_MILLISECONDS = 10;
/** What was still held after these is looked for once more, when nobody waits. */
const LATE_COLLECTION_MILLISECONDS = 1000;

/** The cells' own timers are other functions (timers.ts). */
const { setTimeout: later } = globalThis;

interface KernelRegistry {
  getKernelsForBackend(name: string): { kernelFunc: (...args: never[]) => unknown }[];
}

export class Tensors {
  readonly #engine: Engine;
  readonly #tf: KernelRegistry;
  readonly #whole = new WeakSet<object>();
  readonly #isVariable: (tensor: Tensor) => boolean;
  /** Tensors of the cell that runs which are in no scope. */
  #loose: WeakRef<Tensor>[] = [];
  #pruneAt = 1024;
  /** Loose tensors of terminated cells: freed when JavaScript has forgotten them. */
  readonly #forgotten: FinalizationRegistry<Pick<Tensor, 'id' | 'dataId' | 'shape' | 'dtype' | 'size'>>;
  #watching = false;
  /** Those of the last terminated cell that JavaScript may still hold. */
  #held: WeakRef<Tensor>[] = [];
  /** Variables from before the cell that runs. */
  #earlier = new WeakSet<Tensor>();
  /** Variables of a terminated cell: taken out of tfjs's list, which would hold them for ever, until it is known. */
  #doubtful: WeakRef<Tensor>[] = [];

  constructor(tf: object) {
    const { engine, Variable, Tensor } = tf as {
      engine(): Engine;
      Variable: { new (): Tensor; prototype: object };
      Tensor: { prototype: Tensor };
    };
    this.#tf = tf as KernelRegistry;
    this.#engine = engine();
    this.#isVariable = (tensor) => tensor instanceof Variable;
    this.#forgotten = new FinalizationRegistry((remains) => {
      const twin = Object.assign(Object.create(Tensor.prototype), remains) as Tensor;
      dispose.call(this.#engine, twin);
    });
    const { track, keep, disposeTensor: dispose } = this.#engine;
    // no scope frees what was asked to be kept
    this.#engine.keep = (tensor) => {
      this.#note(tensor);
      return keep.call(this.#engine, tensor);
    };
    this.#engine.track = (tensor) => {
      if (!this.#engine.state.activeScope) this.#note(tensor);
      return track.call(this.#engine, tensor);
    };
    this.#engine.disposeTensor = (tensor) => {
      if (this.#watching) this.#forgotten.unregister(tensor);
      dispose.call(this.#engine, tensor);
    };
    protect(this.#engine, ACCOUNTS);
    protect(Variable.prototype, ['assign']);
  }

  /** A new cell begins: what earlier ones made is theirs. */
  begin(): void {
    this.#protectNative();
    this.#settleVariables();
    this.#earlier = new WeakSet(Object.values(this.#engine.state.registeredVariables));
    this.#loose = [];
    this.#pruneAt = 1024;
  }

  /** Every kernel of a native engine runs as a whole. */
  #protectNative(): void {
    for (const name of NATIVE) {
      const backend = this.#engine.registry[name];
      if (backend === undefined || this.#whole.has(backend)) continue;
      this.#whole.add(backend);
      protect(backend, ['write', 'readSync', 'disposeData', 'incRef', 'move']);
      for (const config of this.#tf.getKernelsForBackend(name)) protect(config, ['kernelFunc']);
    }
  }

  #note(tensor: Tensor): void {
    this.#loose.push(new WeakRef(tensor));
    if (this.#loose.length < this.#pruneAt) return;
    this.#loose = this.#loose.filter((reference) => reference.deref()?.isDisposed === false);
    this.#pruneAt = Math.max(1024, this.#loose.length * 2);
  }

  /** After a termination, when nothing of the cell is on the stack. The cell is abandoned. */
  repair(): void {
    const { state } = this.#engine;
    const inGradient = state.gradientDepth > 0;
    for (const node of state.activeTape ?? []) for (const tensor of node.saved ?? []) free(tensor);
    for (const scope of state.scopeStack) {
      // what the tape was to hold; tensors that user code asked to keep stay
      if (inGradient) for (const tensor of scope.track) if (tensor.kept && !this.#isVariable(tensor)) free(tensor);
    }
    while (state.scopeStack.length > 0) this.#engine.endScope();
    state.activeScope = undefined;
    state.gradientDepth = 0;
    state.kernelDepth = 0;
    state.activeTape = null;
    state.numDataMovesStack = [];
    state.profiling = false;
    this.abandon();
  }

  /** The cell goes no further: what it made is freed when JavaScript has forgotten it. */
  abandon(): void {
    const { state } = this.#engine;
    for (const reference of this.#loose) this.#watch(reference);
    this.#loose = [];
    for (const [name, variable] of Object.entries(state.registeredVariables)) {
      if (this.#earlier.has(variable)) continue;
      delete state.registeredVariables[name];
      const reference = new WeakRef(variable);
      this.#doubtful.push(reference);
      this.#watch(reference);
    }
  }

  /** From now on the tensor is freed when JavaScript has forgotten it. */
  #watch(reference: WeakRef<Tensor>): void {
    const tensor = reference.deref();
    if (tensor === undefined || tensor.isDisposed) return;
    const { id, dataId, shape, dtype, size } = tensor;
    // once only, also if it is on the list twice
    this.#forgotten.unregister(tensor);
    this.#forgotten.register(tensor, { id, dataId, shape, dtype, size }, tensor);
    this.#watching = true;
    this.#held.push(reference);
  }

  /** Variables that somebody still holds go back into tfjs's list. What they point to may change, so nobody watches. */
  #settleVariables(): void {
    const { registeredVariables } = this.#engine.state;
    for (const reference of this.#doubtful) {
      const variable = reference.deref();
      if (variable === undefined || variable.isDisposed) continue;
      this.#forgotten.unregister(variable);
      registeredVariables[variable.name!] ??= variable;
    }
    this.#doubtful = [];
  }

  /**
   * Lets JavaScript forget, one turn of the event loop later, when the references of `abandon` no longer hold. A variable
   * of the user's may keep one for good: hence the bound.
   */
  async collect(): Promise<void> {
    for (let round = 0; round < MAX_COLLECTIONS && this.#holds(); round++) {
      await (round < PATIENT_COLLECTIONS ? nextTurn() : pause(PAUSE_MILLISECONDS));
      garbageCollection()();
      // the registry is told in a task of its own
      await nextTurn();
      await nextTurn();
    }
    if (this.#holds()) later(() => garbageCollection()(), LATE_COLLECTION_MILLISECONDS).unref();
    this.#held = [];
    this.#settleVariables();
  }

  #holds(): boolean {
    this.#held = this.#held.filter((reference) => reference.deref()?.isDisposed === false);
    return this.#held.length > 0;
  }
}

const nextTurn = (): Promise<unknown> => new Promise(setImmediate);
const pause = (milliseconds: number): Promise<unknown> => new Promise((resolve) => later(resolve, milliseconds));

/** Makes methods of an object ones that a termination comes before or after. */
function protect(target: object, names: readonly string[]): void {
  const methods = target as Record<string, unknown>;
  for (const name of names) {
    const method = methods[name];
    if (typeof method !== 'function') continue;
    methods[name] = function (this: unknown, ...args: unknown[]) {
      return uninterrupted(() => method.apply(this, args));
    };
  }
}

function free(tensor: Tensor): void {
  if (!tensor.isDisposed) tensor.dispose();
}

let collector: (() => void) | undefined;

function garbageCollection(): () => void {
  if (collector === undefined) {
    setFlagsFromString('--expose-gc');
    collector = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
  }
  return collector;
}
