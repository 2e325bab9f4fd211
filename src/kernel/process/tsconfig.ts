/** The nearest tsconfig.json, as far as it changes how files are found and compiled: paths, baseUrl, decorators. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';

export interface TsConfig {
  readonly file: string;
  readonly experimentalDecorators: boolean;
  /** Alias patterns with at most one `*`, and where they may point, as absolute patterns. */
  readonly paths: readonly { readonly pattern: string; readonly targets: readonly string[] }[];
  /** Folder that names without a dot are looked up in before packages. */
  readonly baseUrl: string | undefined;
}

interface Options {
  baseUrl?: string;
  paths?: Record<string, string[]>;
  experimentalDecorators?: boolean;
  /** Folder of the file that `paths` stands in. */
  pathsBase?: string;
}

const cache = new Map<string, { stamp: number; config: TsConfig }>();

export function nearestTsConfig(directory: string): TsConfig | undefined {
  for (let folder = directory; ; folder = dirname(folder)) {
    const file = join(folder, 'tsconfig.json');
    if (existsSync(file)) return read(file);
    if (folder === dirname(folder)) return undefined;
  }
}

function read(file: string): TsConfig | undefined {
  const stamp = statSync(file).mtimeMs;
  const known = cache.get(file);
  if (known?.stamp === stamp) return known.config;
  let options: Options;
  try {
    options = optionsOf(file, 0);
  } catch {
    // a broken tsconfig is the editor's to report; cells still run
    return undefined;
  }
  const base = options.baseUrl ?? options.pathsBase ?? dirname(file);
  const config: TsConfig = {
    file,
    experimentalDecorators: options.experimentalDecorators === true,
    baseUrl: options.baseUrl,
    paths: Object.entries(options.paths ?? {}).map(([pattern, targets]) => ({
      pattern,
      targets: targets.map((target) => resolve(base, target)),
    })),
  };
  cache.set(file, { stamp, config });
  return config;
}

function optionsOf(file: string, depth: number): Options {
  if (depth > 10) return {};
  const { compilerOptions = {}, extends: parents = [] } = parseJsonWithComments(readFileSync(file, 'utf8')) as {
    compilerOptions?: Options;
    extends?: string | string[];
  };
  const inherited = [parents].flat().map((parent) => optionsOf(locate(parent, file), depth + 1));
  const own: Options = { ...compilerOptions };
  if (own.baseUrl !== undefined) own.baseUrl = resolve(dirname(file), own.baseUrl);
  if (own.paths !== undefined) own.pathsBase = dirname(file);
  return Object.assign({}, ...inherited, own) as Options;
}

function locate(parent: string, from: string): string {
  if (parent.startsWith('.') || isAbsolute(parent)) {
    const file = resolve(dirname(from), parent);
    return file.endsWith('.json') ? file : `${file}.json`;
  }
  const require = createRequire(from);
  try {
    return require.resolve(parent);
  } catch {
    return require.resolve(`${parent}/tsconfig.json`);
  }
}

/** Places that an alias of the tsconfig gives for a specifier, the most exact pattern first. */
export function aliasTargets(config: TsConfig, specifier: string): string[] {
  const matches = config.paths
    .map(({ pattern, targets }) => ({ pattern, targets, star: starOf(pattern, specifier) }))
    .filter(({ star }) => star !== undefined)
    .sort((a, b) => prefixLength(b.pattern) - prefixLength(a.pattern));
  const found = matches.flatMap(({ targets, star }) => targets.map((target) => target.replace('*', star!)));
  if (config.baseUrl !== undefined) found.push(resolve(config.baseUrl, specifier));
  return found;
}

const prefixLength = (pattern: string): number =>
  pattern.includes('*') ? pattern.indexOf('*') : Number.POSITIVE_INFINITY;

/** What the pattern's `*` stands for in the specifier; '' where the pattern has none; nothing if they do not match. */
function starOf(pattern: string, specifier: string): string | undefined {
  const at = pattern.indexOf('*');
  if (at < 0) return pattern === specifier ? '' : undefined;
  const [before, after] = [pattern.slice(0, at), pattern.slice(at + 1)];
  const fits =
    specifier.length >= before.length + after.length && specifier.startsWith(before) && specifier.endsWith(after);
  return fits ? specifier.slice(before.length, specifier.length - after.length) : undefined;
}

/** JSON as tsconfig files have it: comments and trailing commas are let through. */
export function parseJsonWithComments(text: string): unknown {
  const tokens = /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*[\]}])/g;
  return JSON.parse(text.replace(/^\uFEFF/, '').replace(tokens, (token) => (token.startsWith('"') ? token : '')));
}
