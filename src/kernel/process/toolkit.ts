/** The toolkit inside the kernel: loaded when a cell first needs it, its exports made globals, its engine awaited. */
import type { EngineStatus } from '../protocol';
import type { Bindings } from './bindings';

/** What this file needs of src/toolkit/index.ts; the build makes that module one file for everyone. */
interface ToolkitModule extends Record<string, unknown> {
  readonly tf: object;
  readonly kernelInterface: {
    setHost(host: object | undefined): void;
    loadEngine(): Promise<EngineStatus>;
    engine(): EngineStatus | undefined;
    readonly needsEngine: ReadonlySet<string>;
  };
}

const TOOLKIT = 'aenb';
const TFJS = /^@tensorflow\/tfjs(-core|-layers|-node|-node-gpu)?$/;

export class Toolkit {
  #loading: Promise<ToolkitModule> | undefined;
  #module: ToolkitModule | undefined;
  #exports: Record<string, unknown> | undefined;

  constructor(
    private readonly bindings: Bindings,
    private readonly host: object,
    private readonly onEngine: (engine: EngineStatus) => void,
  ) {}

  get loaded(): boolean {
    return this.#module !== undefined;
  }

  /** tfjs, if anything has loaded it. */
  get tf(): object | undefined {
    return this.#module?.tf;
  }

  engine(): EngineStatus | undefined {
    return this.#module?.kernelInterface.engine();
  }

  /** Before a cell runs: the toolkit if the cell uses a name that nobody else has, and the engine if it will compute. */
  async prepare(free: ReadonlySet<string>, imports: readonly string[]): Promise<void> {
    const imported = imports.some((specifier) => specifier === TOOLKIT || TFJS.test(specifier));
    const unknown = [...free].some((name) => !(name in globalThis) && !this.bindings.has(name));
    if (!imported && !unknown && this.#module === undefined) return;
    if (this.#module === undefined && (imported || unknown)) await this.load();
    const { needsEngine } = this.#module!.kernelInterface;
    const names = new Set([
      ...free,
      ...(imports.some((s) => TFJS.test(s)) ? ['tf'] : []),
      ...(imports.includes(TOOLKIT) ? ['ae'] : []),
    ]);
    if ([...names].some((name) => needsEngine.has(name) && !this.bindings.has(name))) await this.loadEngine();
  }

  async loadEngine(): Promise<EngineStatus> {
    const module = await this.load();
    const known = module.kernelInterface.engine();
    if (known !== undefined) return known;
    const engine = await module.kernelInterface.loadEngine();
    this.onEngine(engine);
    return engine;
  }

  load(): Promise<ToolkitModule> {
    this.#loading ??= import('../../toolkit/index' as string).then((namespace: Record<string, unknown>) => {
      const module = (namespace.default ?? namespace) as ToolkitModule;
      module.kernelInterface.setHost(this.host);
      const { kernelInterface: _, default: __, ...exports } = module as Record<string, unknown>;
      this.#exports = exports;
      for (const [name, value] of Object.entries({ ...exports, ae: exports })) this.#defineGlobal(name, value);
      this.#module = module;
      return module;
    });
    return this.#loading;
  }

  /** The module that `import` of this name gives; nothing if it is not ours. */
  preloaded(specifier: string): Promise<object> | undefined {
    if (specifier !== TOOLKIT && !TFJS.test(specifier)) return undefined;
    return this.load().then(() => this.preloadedNow(specifier)!);
  }

  preloadedNow(specifier: string): object | undefined {
    if (specifier === TOOLKIT) return this.#exports;
    return TFJS.test(specifier) ? this.#module?.tf : undefined;
  }

  #defineGlobal(name: string, value: unknown): void {
    if (this.bindings.has(name)) return;
    Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
  }
}
