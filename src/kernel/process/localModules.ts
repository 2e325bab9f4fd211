/**
 * Loads the user's own files as real ECMAScript modules, TypeScript included, and again when they or anything that they
 * import has changed. Node's own loader keeps a module for ever, and before version 22.18 knows no TypeScript.
 */
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname, extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { erase, eraseSync } from './erase';
import { registerFile } from './errors';
import { isCommonJs, isLocal, localFile, stampOf, TYPESCRIPT } from './localFiles';
import { nearestTsConfig } from './tsconfig';

/** What is not local: packages, built-in modules, the toolkit. */
export type External = (specifier: string, fromFile: string, options?: ImportCallOptions) => Promise<object>;

interface Loaded {
  readonly stamp: string;
  readonly module: vm.Module;
  /** The user's own files that it imports. */
  readonly dependencies: Set<string>;
}

export class LocalModules {
  readonly #loaded = new Map<string, Loaded>();
  readonly #loading = new Map<string, Promise<Loaded>>();
  readonly #external: External;
  readonly #live = new WeakSet<object>();

  constructor(external: External) {
    this.#external = external;
    installRequire();
  }

  /** The namespace of a local file, evaluated; the same as before as long as nothing it depends on has changed. */
  async import(file: string): Promise<object> {
    const { module } = await this.#load(file);
    try {
      if (module.status === 'unlinked') await module.link((specifier, from) => this.#link(specifier, from.identifier));
      if (module.status !== 'evaluated') await module.evaluate();
    } catch (error) {
      // what failed is tried again the next time
      for (const [path, { module: other }] of this.#loaded) if (other.status !== 'evaluated') this.#loaded.delete(path);
      throw error;
    }
    if (module instanceof vm.SourceTextModule) this.#live.add(module.namespace);
    return module.namespace;
  }

  /** Whether the values of this namespace may still change. */
  isLive(namespace: object): boolean {
    return this.#live.has(namespace);
  }

  /** Makes `require` of a changed local file load it again. */
  freshenRequire(file: string): void {
    const seen = new Set<string>();
    const stale = (path: string): boolean => {
      const module = createRequire(file).cache[path];
      if (module === undefined || seen.has(path) || !isLocal(path)) return false;
      seen.add(path);
      const changedBelow = module.children.map((child) => stale(child.filename)).some(Boolean);
      if (!changedBelow && required.get(path) === stampOf(path)) return false;
      delete createRequire(file).cache[path];
      return true;
    };
    stale(file);
  }

  #fresh(file: string, seen = new Set<string>()): boolean {
    if (seen.has(file)) return true;
    seen.add(file);
    const known = this.#loaded.get(file);
    if (known === undefined || known.stamp !== stampOf(file)) return false;
    return [...known.dependencies].every((dependency) => this.#fresh(dependency, seen));
  }

  #load(file: string): Promise<Loaded> {
    const pending = this.#loading.get(file);
    if (pending !== undefined) return pending;
    const known = this.#loaded.get(file);
    if (known !== undefined && this.#fresh(file)) return Promise.resolve(known);
    const loading = this.#compile(file).finally(() => this.#loading.delete(file));
    this.#loading.set(file, loading);
    return loading;
  }

  async #compile(file: string): Promise<Loaded> {
    const stamp = stampOf(file);
    const source = readFileSync(file, 'utf8');
    const dependencies = new Set<string>();
    let module: vm.Module;
    if (extname(file) === '.json') module = synthetic(file, { default: parseJson(file, source) });
    else if (isCommonJs(file, source)) {
      this.freshenRequire(file);
      const exports = createRequire(file)(file) as unknown;
      module = synthetic(file, commonJsNames(exports));
      for (const child of createRequire(file).cache[file]?.children ?? []) {
        if (isLocal(child.filename)) dependencies.add(child.filename);
      }
    } else module = await this.#sourceModule(file, source);
    const loaded: Loaded = { stamp, module, dependencies };
    this.#loaded.set(file, loaded);
    return loaded;
  }

  async #sourceModule(file: string, source: string): Promise<vm.Module> {
    const code = TYPESCRIPT.has(extname(file)) ? await eraseFile(file, source) : source;
    const url = pathToFileURL(file).href;
    return new vm.SourceTextModule(code, {
      identifier: file,
      initializeImportMeta: (meta) => {
        Object.assign(meta, { url, filename: file, dirname: dirname(file) });
        (meta as { resolve?: unknown }).resolve = (specifier: string) =>
          pathToFileURL(localFile(specifier, dirname(file)) ?? createRequire(file).resolve(specifier)).href;
      },
      importModuleDynamically: (async (specifier: string, _: unknown, attributes: ImportAttributes) =>
        this.importFrom(specifier, file, { with: attributes })) as never,
    });
  }

  /** `import()` of any specifier by a local file. */
  importFrom(specifier: string, fromFile: string, options?: ImportCallOptions): Promise<object> {
    const file = localFile(specifier, dirname(fromFile));
    return file === undefined ? this.#external(specifier, fromFile, options) : this.import(file);
  }

  async #link(specifier: string, from: string): Promise<vm.Module> {
    const file = localFile(specifier, dirname(from));
    if (file === undefined) return synthetic(specifier, namespaceNames(await this.#external(specifier, from)));
    this.#loaded.get(from)?.dependencies.add(file);
    return (await this.#load(file)).module;
  }
}

async function eraseFile(file: string, source: string): Promise<string> {
  const experimentalDecorators = nearestTsConfig(dirname(file))?.experimentalDecorators === true;
  const { code, map } = await erase(source, { loader: 'ts', sourcefile: file, experimentalDecorators });
  registerMap(file, map);
  return code;
}

function registerMap(file: string, map: string): void {
  let traced: TraceMap | undefined;
  registerFile(file, (line, column) => {
    traced ??= new TraceMap(map);
    const place = originalPositionFor(traced, { line, column: column - 1 });
    return place.line === null ? undefined : { line: place.line, column: place.column + 1 };
  });
}

function parseJson(file: string, source: string): unknown {
  try {
    return JSON.parse(source.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new SyntaxError(`${file} is not valid JSON: ${(error as Error).message}`);
  }
}

function synthetic(identifier: string, values: Record<string, unknown>): vm.Module {
  const names = Object.keys(values);
  return new vm.SyntheticModule(
    names,
    function (this: vm.SyntheticModule) {
      for (const name of names) this.setExport(name, values[name]);
    },
    { identifier },
  );
}

function namespaceNames(namespace: object): Record<string, unknown> {
  const values: Record<string, unknown> = { ...namespace };
  if (!('default' in namespace)) values.default = namespace;
  return values;
}

function commonJsNames(exports: unknown): Record<string, unknown> {
  const named = typeof exports === 'object' && exports !== null ? { ...exports } : {};
  return { ...named, default: exports };
}

/** When each local file was last loaded through `require`. */
const required = new Map<string, string>();

/** `require` learns TypeScript, and what each file looked like when it was loaded. */
function installRequire(): void {
  // typed as private in Node, and relied on by every loader there is
  const extensions = (Module as unknown as { _extensions: Record<string, (module: NodeModule, file: string) => void> })
    ._extensions;
  const javascript = extensions['.js']!;
  extensions['.js'] = (module, file) => {
    if (isLocal(file)) required.set(file, stampOf(file));
    javascript(module, file);
  };
  for (const ending of TYPESCRIPT) {
    extensions[ending] = (module, file) => {
      required.set(file, stampOf(file));
      const { code, map } = eraseSync(readFileSync(file, 'utf8'), { loader: 'ts', format: 'cjs', sourcefile: file });
      registerMap(file, map);
      (module as unknown as { _compile(code: string, file: string): void })._compile(code, file);
    };
  }
}
