// Type declarations of the npm package, in dist/types: the toolkit's, and of the libraries that dist/ bundles the ones
// these refer to (tfjs), so that a program needs no other package to be checked against aenb.
// node scripts/types.mjs
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const src = join(root, 'src');
const packages = join(root, 'node_modules');
const types = join(root, 'dist', 'types');
/** Where a program finds the declarations of the package `aenb`. */
export const entry = join(types, 'toolkit', 'index.d.ts');

/** @throws Error with TypeScript's words when the toolkit's types have a mistake */
export async function buildTypes() {
  const { emitted, options } = emit();
  const wanted = [entry];
  const files = new Map();
  for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
    if (files.has(path)) continue;
    const original = path.startsWith(join(types, 'vendor') + sep)
      ? join(packages, relative(join(types, 'vendor'), path))
      : undefined;
    const text = original === undefined ? emitted.get(path) : await readFile(original, 'utf8');
    // a module that has no declarations of its own, such as a style sheet's text
    if (text === undefined) continue;
    files.set(path, relocate(text, path, original, options, wanted));
  }
  await rm(types, { recursive: true, force: true });
  for (const [path, text] of files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return files.size;
}

/** The toolkit's declarations by the path that each is to have. */
function emit() {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const own = {
    noEmit: false,
    incremental: false,
    tsBuildInfoFile: undefined,
    declaration: true,
    emitDeclarationOnly: true,
    stripInternal: true,
    outDir: types,
    rootDir: src,
  };
  const program = ts.createProgram([join(src, 'toolkit', 'index.ts')], { ...options, ...own });
  const emitted = new Map();
  const { diagnostics } = program.emit(undefined, (path, text) => emitted.set(resolve(path), text));
  if (diagnostics.length > 0) {
    const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => root, getNewLine: () => '\n' };
    throw new Error(ts.formatDiagnostics(diagnostics, host));
  }
  return { emitted, options };
}

/**
 * Lets every import name a file beside this one, without TypeScript's own ending, and adds these files to `wanted`.
 * @param original where the file lies now if it is a library's
 */
function relocate(text, path, original, options, wanted) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const edits = [];
  const point = (start, end, target, quote) => {
    wanted.push(target);
    const beside = relative(dirname(path), target)
      .split(sep)
      .join('/')
      .replace(/\.d\.ts$/, quote ? '.js' : '.d.ts');
    edits.push({ start, end, text: quote + (beside.startsWith('.') ? beside : `./${beside}`) + quote });
  };
  const visit = (node) => {
    const literal = specifierOf(node);
    const target = literal && locate(literal.text, path, original, options);
    if (target) point(literal.getStart(source), literal.end, target, "'");
    ts.forEachChild(node, visit);
  };
  visit(source);
  for (const { pos, end, fileName } of source.typeReferenceDirectives) {
    const target = fileName === 'node' ? undefined : locate(fileName, path, original, options);
    if (target === undefined) continue;
    // `types="name"` becomes `path="file"`
    const attribute = text.lastIndexOf('types=', pos);
    point(attribute, end + 1, target, '');
    edits.at(-1).text = `path="${edits.at(-1).text}"`;
  }
  // from the end, so that places stay true
  edits.sort((a, b) => b.start - a.start);
  return edits.reduce((moved, edit) => moved.slice(0, edit.start) + edit.text + moved.slice(edit.end), text);
}

/** The module's name in an import or export, or in a type such as `import('x').Y`. */
function specifierOf(node) {
  const found = ts.isImportTypeNode(node) ? node.argument.literal : node.moduleSpecifier;
  return found && ts.isStringLiteral(found) ? found : undefined;
}

function locate(specifier, path, original, options) {
  if (isBuiltin(specifier)) return undefined;
  if (original === undefined && specifier.startsWith('.'))
    return resolve(dirname(path), specifier).replace(/\.ts$/, '.d.ts');
  const from = original ?? join(src, 'toolkit', 'index.ts');
  const found = ts.resolveModuleName(specifier, from, options, ts.sys).resolvedModule?.resolvedFileName;
  if (found === undefined || !found.endsWith('.d.ts')) return undefined;
  return join(types, 'vendor', relative(packages, found));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(`types: ${await buildTypes()} files in dist/types/`);
}
