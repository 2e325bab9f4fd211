/**
 * Where the names that cells declare live: as properties of the global object, except those that Node or JavaScript
 * itself uses there (`process`, `performance`, `toString`), which lie in an object of their own.
 */
import type { KnownNames } from './transform';

export type BindingKind = 'const' | 'let' | 'var' | 'function' | 'class' | 'import';

export class Bindings implements KnownNames {
  readonly scope: Record<string, unknown> = Object.create(null);
  /** What was there before any cell ran. */
  readonly #builtin = new Set<string>([
    ...Object.getOwnPropertyNames(globalThis),
    ...Object.getOwnPropertyNames(Object.prototype),
  ]);
  readonly #kinds = new Map<string, BindingKind>();

  apart(name: string): boolean {
    return this.#builtin.has(name);
  }

  shadowed(name: string): boolean {
    return name in this.scope;
  }

  constant(name: string): boolean {
    const kind = this.#kinds.get(name);
    return kind === 'const' || kind === 'import';
  }

  has(name: string): boolean {
    return this.#kinds.has(name);
  }

  /** Names and kinds in the order of their declaration. */
  entries(): IterableIterator<[string, BindingKind]> {
    return this.#kinds.entries();
  }

  get(name: string): unknown {
    return this.#home(name)[name];
  }

  declare(name: string, value: unknown, kind: BindingKind): void {
    const writable = kind !== 'const' && kind !== 'import';
    Object.defineProperty(this.#home(name), name, { value, writable, enumerable: true, configurable: true });
    this.#kinds.set(name, kind);
  }

  /** An import from a module whose exports may still change. */
  declareLive(name: string, get: () => unknown): void {
    Object.defineProperty(this.#home(name), name, { get, enumerable: true, configurable: true });
    this.#kinds.set(name, 'import');
  }

  /** `var`: there from the start of the cell; a value that the name had stays. */
  hoist(name: string): void {
    this.declare(name, this.has(name) ? this.get(name) : undefined, 'var');
  }

  /** Assigning a property declares it, as the kind that the cell says. */
  declaring(kinds: ReadonlyMap<string, string>): object {
    return new Proxy(Object.create(null), {
      set: (_, name, value) => {
        this.declare(name as string, value, (kinds.get(name as string) ?? 'let') as BindingKind);
        return true;
      },
    });
  }

  /** Assigning a property assigns the name, unless it is a constant by now. */
  readonly fixed: object = new Proxy(Object.create(null), {
    get: (_, name) => this.get(name as string),
    set: (_, name, value) => {
      if (this.constant(name as string)) throw new TypeError('Assignment to constant variable.');
      this.#home(name as string)[name as string] = value;
      return true;
    },
  });

  #home(name: string): Record<string, unknown> {
    return this.#builtin.has(name) ? this.scope : (globalThis as unknown as Record<string, unknown>);
  }
}
