/** The toolkit inside the kernel: loaded when a cell first needs it, its exports made globals, its engine awaited. */
import { join } from 'node:path';
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
    /** Forgets what a training was in the middle of when its cell was terminated. */
    afterTermination?(): void;
  };
}

const TOOLKIT = 'aenb';
const TFJS = /^@tensorflow\/tfjs(-core|-layers|-node|-node-gpu)?$/;

export class Toolkit {
  #module: ToolkitModule | undefined;
  #exports: Record<string, unknown> | undefined;

  constructor(
    private readonly bindings: Bindings,
    private readonly host: object,
    private readonly onLoad: (tf: object) => void,
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
    const { needsEngine } = this.load().kernelInterface;
    const names = new Set([
      ...free,
      ...(imports.some((s) => TFJS.test(s)) ? ['tf'] : []),
      ...(imports.includes(TOOLKIT) ? ['ae'] : []),
    ]);
    if ([...names].some((name) => needsEngine.has(name) && !this.bindings.has(name))) await this.loadEngine();
  }

  async loadEngine(): Promise<EngineStatus> {
    const module = this.load();
    return module.kernelInterface.engine() ?? (await module.kernelInterface.loadEngine());
  }

  load(): ToolkitModule {
    if (this.#module !== undefined) return this.#module;
    // the build makes this the file beside us; synchronous, so that `require('aenb')` works too
    const module = require('../../toolkit/index') as ToolkitModule;
    module.kernelInterface.setHost(this.host);
    const { kernelInterface: _, ...exports } = module as Record<string, unknown>;
    this.#exports = exports;
    this.#module = module;
    for (const [name, value] of Object.entries({ ...exports, ae: exports })) this.#defineGlobal(name, value);
    this.onLoad(module.tf);
    return module;
  }

  afterTermination(): void {
    this.#module?.kernelInterface.afterTermination?.();
  }

  /** The module that `import` or `require` of this name gives; nothing if it is not ours. */
  preloaded(specifier: string): object | undefined {
    if (specifier === TOOLKIT) {
      this.load();
      return this.#exports;
    }
    return TFJS.test(specifier) ? this.load().tf : undefined;
  }

  /** The file behind such a module, in the folder of the kernel's own. */
  static bundle(specifier: string, folder: string): string | undefined {
    if (specifier === TOOLKIT) return join(folder, 'index.js');
    return TFJS.test(specifier) ? join(folder, 'tfjs.js') : undefined;
  }

  #defineGlobal(name: string, value: unknown): void {
    if (this.bindings.has(name)) return;
    Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
  }
}
