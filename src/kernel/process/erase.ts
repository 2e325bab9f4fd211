/** Takes the types out of a cell or a local file. The only place that knows esbuild, which is loaded when first needed. */
import type * as Esbuild from 'esbuild';

export interface Erased {
  readonly code: string;
  /** Source map version 3 as JSON, from `code` to the source. */
  readonly map: string;
}

export interface EraseOptions {
  readonly loader: 'ts' | 'js' | 'json';
  readonly format?: 'cjs';
  readonly sourcefile?: string;
  /** Decorators as TypeScript had them before version 5, where a tsconfig asks for it. */
  readonly experimentalDecorators?: boolean;
}

/** A cell that cannot be run as it is written; line and column count from 1. */
export class CellSyntaxError extends SyntaxError {
  override readonly name = 'SyntaxError';
  constructor(
    message: string,
    readonly line: number,
    readonly column: number,
    readonly file?: string,
  ) {
    super(file === undefined ? message : `${message} (${file}:${line}:${column})`);
  }
}

/** How long esbuild's helper process may sit idle (it holds 20 MB or more). */
const IDLE_MILLISECONDS = 20_000;

let esbuild: typeof Esbuild | undefined;
let idle: NodeJS.Timeout | undefined;
let running = 0;
const { setTimeout: later, clearTimeout: never } = globalThis;

async function load(): Promise<typeof Esbuild> {
  esbuild ??= await import('esbuild');
  return esbuild;
}

export async function erase(source: string, options: EraseOptions): Promise<Erased> {
  const api = await load();
  running++;
  never(idle);
  try {
    const { code, map } = await api.transform(source, settings(options));
    return { code, map };
  } catch (error) {
    throw await asSyntaxError(error, source, options, api);
  } finally {
    if (--running === 0) {
      idle = later(() => void api.stop(), IDLE_MILLISECONDS);
      idle.unref();
    }
  }
}

/** For `require` of a local TypeScript file, which cannot wait. */
export function eraseSync(source: string, options: EraseOptions): Erased {
  esbuild ??= require('esbuild') as typeof Esbuild;
  const { code, map } = esbuild.transformSync(source, settings(options));
  return { code, map };
}

function settings(options: EraseOptions): Esbuild.TransformOptions & { sourcemap: 'external' } {
  return {
    loader: options.loader,
    target: `node${process.versions.node}`,
    ...(options.format === undefined ? {} : { format: options.format }),
    sourcefile: options.sourcefile ?? 'cell.ts',
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'inline',
    logLevel: 'silent',
    tsconfigRaw: {
      compilerOptions: {
        // an import that only a later cell uses stays
        verbatimModuleSyntax: options.format === undefined,
        useDefineForClassFields: options.experimentalDecorators !== true,
        experimentalDecorators: options.experimentalDecorators === true,
      },
    },
  };
}

async function asSyntaxError(
  error: unknown,
  source: string,
  options: EraseOptions,
  api: typeof Esbuild,
): Promise<unknown> {
  const first = (error as Partial<Esbuild.TransformFailure>).errors?.[0];
  if (first === undefined) return error;
  const line = first.location?.line ?? 1;
  const column = (first.location?.column ?? 0) + 1;
  if (options.loader === 'ts') {
    const withJsx = await api
      .transform(source, { ...settings(options), loader: 'tsx', jsx: 'preserve' })
      .catch(() => undefined);
    if (withJsx !== undefined) {
      const message =
        "JSX cannot be used here: build HTML with the html`…` helper, or call the library's element function";
      return new CellSyntaxError(message, line, column, options.sourcefile);
    }
  }
  return new CellSyntaxError(readable(first.text), line, column, options.sourcefile);
}

function readable(text: string): string {
  if (/^Top-level return/.test(text)) return RETURN_MESSAGE;
  return text;
}

export const RETURN_MESSAGE =
  'return can only be used inside a function: a cell shows the value of its last expression by itself';
