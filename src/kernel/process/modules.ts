/** Imports of cells: resolved from the notebook's folder, with the toolkit and tfjs always at hand. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction, constants } from 'node:vm';

export interface ModulesOptions {
  readonly directory: string;
  readonly notebook: string | undefined;
  /** The preloaded modules that need no installation. */
  readonly preloaded: (specifier: string) => Promise<object> | undefined;
  readonly preloadedNow: (specifier: string) => object | undefined;
}

export class Modules {
  readonly require: NodeJS.Require;
  readonly meta: object;
  readonly filename: string;
  readonly #options: ModulesOptions;
  readonly #native: (specifier: string, options?: ImportCallOptions) => Promise<object>;

  constructor(options: ModulesOptions) {
    this.#options = options;
    this.filename = options.notebook ?? join(options.directory, 'untitled.aenb');
    const require = createRequire(this.filename);
    const resolve = (specifier: string): string => pathToFileURL(require.resolve(specifier)).href;
    this.meta = {
      url: pathToFileURL(this.filename).href,
      filename: this.filename,
      dirname: options.directory,
      resolve,
    };
    this.#native = nativeImport(this.filename);
    this.require = Object.assign((specifier: string) => options.preloadedNow(specifier) ?? require(specifier), require);
  }

  async load(specifier: string, options?: ImportCallOptions): Promise<object> {
    const preloaded = this.#options.preloaded(specifier);
    if (preloaded !== undefined) return preloaded;
    const json = specifier.endsWith('.json') && options === undefined;
    return this.#native(specifier, json ? { with: { type: 'json' } } : options);
  }
}

/** `import()` as a file at this place would do it. */
function nativeImport(filename: string): (specifier: string, options?: ImportCallOptions) => Promise<object> {
  return compileFunction(
    'return options === undefined ? import(specifier) : import(specifier, options)',
    ['specifier', 'options'],
    {
      filename,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    },
  ) as never;
}
