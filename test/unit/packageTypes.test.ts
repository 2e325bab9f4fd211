import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { x as unpack } from 'tar';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// a thousand files of declarations are read, which a busy machine takes its time for
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const root = resolve(import.meta.dirname, '..', '..');
const contract = resolve(root, '..', 'shared', 'api.d.ts');

const built = createRequire(import.meta.url)(join(root, 'dist', 'index.js')) as Record<string, unknown>;

/** A folder with the package installed as from a registry, and nothing else. */
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aenb-types-'));
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, encoding: 'utf8' });
  const [{ filename }] = JSON.parse(packed);
  const home = join(folder, 'node_modules', 'aenb');
  mkdirSync(home, { recursive: true });
  await unpack({ file: join(folder, filename), cwd: home, strip: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What TypeScript says of a program that uses the package, as a project of today would have it checked. */
function check(text: string, options: ts.CompilerOptions = {}): { messages: string[]; program: ts.Program } {
  const file = join(folder, 'program.mts');
  writeFileSync(file, text);
  const compilerOptions: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    typeRoots: [join(root, 'node_modules', '@types')],
    types: ['node'],
    ...options,
  };
  const program = ts.createProgram([file], compilerOptions, cachingHost(compilerOptions));
  const messages = ts
    .getPreEmitDiagnostics(program)
    // tfjs's own declarations are not strict
    .filter((diagnostic) => !diagnostic.file?.fileName.includes('/dist/types/vendor/'))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  return { messages, program };
}

const parsed = new Map<string, ts.SourceFile | undefined>();

/** Declarations are parsed once for all programs: there are a thousand files of them. */
function cachingHost(options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const parse = host.getSourceFile;
  host.getSourceFile = (name, ...rest) => {
    if (!name.endsWith('.d.ts')) return parse(name, ...rest);
    if (!parsed.has(name)) parsed.set(name, parse(name, ...rest));
    return parsed.get(name);
  };
  return host;
}

const program = `
import { Autoencoder, type Dataset, datasets, type FitOptions, loadModel, NdArray, PCA, plot, type Run, StandardScaler, tf } from 'aenb';

const { train, test }: { train: Dataset; test: Dataset } = await datasets.digits({ seed: 2 });
const model = new Autoencoder({ hidden: [128], latentDim: 32, loss: (x, output) => x.sub(output).square().sum(1) as tf.Tensor1D });
const options: FitOptions = { epochs: 2, validation: 0.1, onEpoch: ({ epoch, loss }) => console.log(epoch, loss.toFixed(3)) };
const run: Run = await model.fit(train, options);
const codes: NdArray = await model.encode(test.x);
const errors: Float32Array = await model.reconstructionError(test.x, 'sse');
const pca = await new PCA({ latentDim: 2 }).fit(train);
const units: number = model.encoder.countParams();
const scaled = new StandardScaler().fit(train.x).transform(test.x).shape[0]! + units + errors.length + codes.length;
plot.curves({ ours: run }, { log: true });
await plot.latent(pca, { x: test });
const again: Autoencoder = await loadModel('folder');
const total: tf.Scalar = tf.tidy(() => tf.tensor2d([[1, 2]]).sum());
export { again, scaled, total };
`;

describe('the types of the packed package', () => {
  test('fit a program that uses the toolkit, under both ways of resolving modules', () => {
    expect(check(program, { skipLibCheck: false }).messages).toEqual([]);
    const bundler = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
    expect(check(program, bundler).messages).toEqual([]);
  });

  test('refuse what the toolkit refuses', () => {
    const { messages } = check(`
      import { Autoencoder, PCA } from 'aenb';
      new Autoencoder({ latentDim: 'two' });
      new PCA({});
      (await new PCA({ latentDim: 2 }).encode([[1, 2]])).toFixed(1);
    `);
    expect(messages).toEqual([
      expect.stringContaining("'string' is not assignable to type 'number'"),
      expect.stringContaining("Property 'latentDim' is missing"),
      expect.stringContaining("Property 'toFixed' does not exist on type 'NdArray'"),
    ]);
  });

  test('fit the example of the README', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const [example] = [...readme.matchAll(/```ts\n(.*?)```/gs)]
      .map(([, code]) => code!)
      .filter((c) => /from 'aenb'/.test(c));
    expect(check(example!).messages).toEqual([]);
  });

  test('name exactly the values that the package exports', () => {
    const { program } = check("import * as aenb from 'aenb'; export { aenb };");
    const checker = program.getTypeChecker();
    const entry = program
      .getSourceFiles()
      .find(({ fileName }) => fileName.endsWith('aenb/dist/types/toolkit/index.d.ts'))!;
    const values = checker.getExportsOfModule(checker.getSymbolAtLocation(entry)!).filter((symbol) => {
      const aliased = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      return aliased.flags & ts.SymbolFlags.Value;
    });
    const names = values.map(({ name }) => name);
    expect(names.sort()).toEqual(
      Object.keys(built)
        .filter((name) => name !== 'kernelInterface')
        .sort(),
    );
  });

  test.skipIf(!existsSync(contract))('have every name of the contract that exists, with its members', () => {
    const promised = namesIn(readFileSync(contract, 'utf8')).filter(({ name }) => name in built);
    expect(promised.length).toBeGreaterThan(10);
    const uses = promised.flatMap(({ name, members }) => [
      `aenb.${name};`,
      ...members.flatMap((member) => {
        const value = built[name] as Record<string, unknown> & { prototype?: object };
        if (value.prototype && member in value.prototype) return `({} as InstanceType<typeof aenb.${name}>).${member};`;
        return member in value ? `aenb.${name}.${member};` : [];
      }),
    ]);
    expect(check(`import * as aenb from 'aenb';\n${uses.join('\n')}`).messages).toEqual([]);
  });
});

/** The values that a declaration file exports, with the members of classes and namespaces. */
function namesIn(text: string): { name: string; members: string[] }[] {
  const found: { name: string; members: string[] }[] = [];
  const nameOf = (node: ts.Node & { name?: ts.Node }) => node.name && ts.isIdentifier(node.name) && node.name.text;
  const declared = (statement: ts.Statement): string[] => {
    const nodes = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [statement];
    return nodes.map(nameOf).filter((name) => typeof name === 'string');
  };
  for (const statement of ts.createSourceFile('contract.d.ts', text, ts.ScriptTarget.Latest).statements) {
    if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) continue;
    const members = ts.isClassDeclaration(statement)
      ? statement.members.map(nameOf).filter((name) => typeof name === 'string')
      : ts.isModuleDeclaration(statement) && statement.body && ts.isModuleBlock(statement.body)
        ? statement.body.statements.flatMap(declared)
        : [];
    for (const name of declared(statement)) found.push({ name, members });
  }
  return found;
}
