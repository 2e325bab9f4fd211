/** Imports of cells, from the notebook's folder: the toolkit, the user's own files, packages, Node's modules. */
import Module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction, constants } from 'node:vm';
import { hideFile } from './errors';
import { localFile } from './localFiles';
import { LocalModules } from './localModules';

export interface ModulesOptions {
  readonly directory: string;
  readonly notebook: string | undefined;
  /** The module that is here without being installed; nothing if the name is not such a one. */
  readonly preloaded: (specifier: string) => object | undefined;
  /** The file behind such a module. */
  readonly bundles: (specifier: string) => string | undefined;
}

type Importer = (specifier: string, options?: ImportCallOptions) => Promise<object>;

export class Modules {
  readonly require: NodeJS.Require;
  readonly meta: object;
  readonly filename: string;
  readonly #directory: string;
  readonly #local: LocalModules;
  readonly #importers = new Map<string, Importer>();

  constructor({ directory, notebook, preloaded, bundles }: ModulesOptions) {
    this.#directory = directory;
    this.filename = notebook ?? join(directory, 'untitled.aenb');
    this.#local = new LocalModules(
      async (specifier, from, options) => preloaded(specifier) ?? (await this.#native(specifier, from, options)),
    );
    this.require = this.#makeRequire();
    const resolve = (specifier: string): string => {
      const file = localFile(specifier, directory) ?? this.require.resolve(specifier);
      return file.startsWith('node:') ? file : pathToFileURL(file).href;
    };
    this.meta = { url: pathToFileURL(this.filename).href, filename: this.filename, dirname: directory, resolve };
    installPreloaded(preloaded, bundles);
  }

  load(specifier: string, options?: ImportCallOptions): Promise<object> {
    return this.#local.importFrom(specifier, this.filename, options);
  }

  /** `import()` as the notebook, or another file, would do it. */
  async #native(specifier: string, fromFile: string, options?: ImportCallOptions): Promise<object> {
    const directory = dirname(fromFile);
    let importer = this.#importers.get(directory);
    if (importer === undefined) {
      const filename = directory === this.#directory ? this.filename : join(directory, 'import.mjs');
      hideFile(filename);
      importer = compileFunction(
        'return options ? import(specifier, options) : import(specifier)',
        ['specifier', 'options'],
        {
          filename,
          importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
        },
      ) as Importer;
      this.#importers.set(directory, importer);
    }
    const json = specifier.endsWith('.json') ? ({ with: { type: 'json' } } as ImportCallOptions) : undefined;
    try {
      return await importer(specifier, options?.with && Object.keys(options.with).length > 0 ? options : json);
    } catch (error) {
      throw withAdvice(error, specifier, this.#directory);
    }
  }

  /** Whether the values of this namespace may still change. */
  isLive(namespace: object): boolean {
    return this.#local.isLive(namespace);
  }

  #makeRequire(): NodeJS.Require {
    const require = createRequire(this.filename);
    const own = (specifier: string): unknown => {
      const file = localFile(specifier, this.#directory);
      if (file !== undefined) this.#local.freshenRequire(file);
      return require(file ?? specifier);
    };
    return Object.assign(own, {
      resolve: require.resolve,
      cache: require.cache,
      main: require.main,
      extensions: require.extensions,
    }) as NodeJS.Require;
  }
}

/** A package that is missing: how to get it. */
function withAdvice(error: unknown, specifier: string, directory: string): unknown {
  const failure = error as NodeJS.ErrnoException;
  if (failure?.code !== 'ERR_MODULE_NOT_FOUND' || !failure.message.includes(`'${packageName(specifier)}'`))
    return error;
  failure.message += `. Install it with: npm install ${packageName(specifier)} (in ${directory})`;
  return failure;
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Packages that ask for tfjs or the toolkit get the ones here: through `require`, and from Node 22.15 also `import`. */
function installPreloaded(preloaded: ModulesOptions['preloaded'], bundles: ModulesOptions['bundles']): void {
  const internals = Module as unknown as {
    _load(request: string, ...rest: unknown[]): unknown;
    registerHooks?(hooks: object): void;
  };
  const load = internals._load;
  internals._load = function (this: unknown, request, ...rest) {
    return preloaded(request) ?? load.call(this, request, ...rest);
  };
  internals.registerHooks?.({
    resolve(specifier: string, context: unknown, next: (specifier: string, context: unknown) => unknown) {
      const file = bundles(specifier);
      if (file === undefined) return next(specifier, context);
      return { url: pathToFileURL(file).href, format: 'commonjs', shortCircuit: true };
    },
  });
}
