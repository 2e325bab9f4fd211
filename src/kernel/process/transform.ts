/**
 * A cell's text becomes the body of an async function whose declarations are properties of the global object, so that
 * later cells see them, may declare them again, and functions of earlier cells see the newest value. Pure.
 */
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import * as acorn from 'acorn';
import MagicString from 'magic-string';
import { CellSyntaxError, type Erased, erase, RETURN_MESSAGE } from './erase';
import { type Node, namesOf, type Reference, varNames, walk } from './scope';

/** What the cell's function is given, in this order; the names are made so that the cell cannot mention them. */
export const HIDDEN = ['declare', 'fixed', 'scope', 'load', 'bind', 'meta', 'resumed', 'result'] as const;
type Hidden = Record<(typeof HIDDEN)[number], string>;

export interface KnownNames {
  /** Kept apart from the global object, since Node itself uses the global of this name. */
  apart(name: string): boolean;
  /** Declared by a cell, and lives apart. */
  shadowed(name: string): boolean;
  /** Declared by a cell as a constant. */
  constant(name: string): boolean;
}

export interface TransformedCell {
  /** An expression: the cell's function. */
  readonly code: string;
  /** Names of `var` and of hoisted functions, to be declared before the cell runs. */
  readonly hoisted: readonly string[];
  readonly declared: readonly { readonly name: string; readonly kind: string }[];
  /** Names that the cell uses and does not declare. */
  readonly free: ReadonlySet<string>;
  readonly imports: readonly string[];
  /** The place in the cell of a place in `code`; both count lines and columns from 1. */
  readonly position: (line: number, column: number) => { line: number; column: number } | undefined;
}

export interface TransformOptions {
  readonly known: KnownNames;
  readonly experimentalDecorators?: boolean;
}

/** @throws CellSyntaxError with the place in the cell. */
export async function transform(source: string, options: TransformOptions): Promise<TransformedCell> {
  const plain = parsePlain(source);
  if (plain !== undefined) return rewrite(source, plain, source, undefined, options.known);
  const erased = await erase(source, {
    loader: 'ts',
    ...(options.experimentalDecorators ? { experimentalDecorators: true } : {}),
  });
  return rewrite(erased.code, parseErased(erased), source, erased, options.known);
}

const parser: acorn.Options = {
  ecmaVersion: 'latest',
  sourceType: 'module',
  allowAwaitOutsideFunction: true,
  allowHashBang: true,
};

/** The cell as JavaScript, or nothing if it has to go through esbuild first: types, new syntax, or a mistake. */
function parsePlain(source: string): Node | undefined {
  let ambiguous = false;
  let less = false;
  try {
    // Node 20 runs ES2024; what is newer is lowered
    const program = acorn.parse(source, {
      ...parser,
      ecmaVersion: 2024,
      onToken: (token: acorn.Token & { value?: unknown }) => {
        if (token.type.label !== '</>/<=/>=') return;
        if (token.value === '<') less = true;
        // f<T>(x) is a comparison in JavaScript and a call in TypeScript
        else if (less && token.value === '>' && /[(`]/.test(nextCharacter(source, token.end))) ambiguous = true;
      },
    });
    return ambiguous ? undefined : (program as unknown as Node);
  } catch {
    return undefined;
  }
}

function nextCharacter(source: string, from: number): string {
  let at = from;
  while (at < source.length && /\s/.test(source[at]!)) at++;
  return source[at] ?? '';
}

function parseErased(erased: Erased): Node {
  try {
    return acorn.parse(erased.code, parser) as unknown as Node;
  } catch (error) {
    const failure = error as SyntaxError & { loc?: { line: number; column: number } };
    const message = failure.message.replace(/ \(\d+:\d+\)$/, '');
    const place = failure.loc ?? { line: 1, column: 0 };
    const origin = originalPositionFor(new TraceMap(erased.map), { line: place.line, column: place.column });
    throw new CellSyntaxError(
      message === "'return' outside of function" ? RETURN_MESSAGE : message,
      origin.line ?? place.line,
      (origin.column ?? place.column) + 1,
    );
  }
}

function rewrite(
  code: string,
  program: Node,
  source: string,
  erased: Erased | undefined,
  known: KnownNames,
): TransformedCell {
  return new Rewrite(code, program, source, erased, known).run();
}

const isAnonymous = (node: Node | undefined): boolean =>
  node !== undefined &&
  (node.type === 'ArrowFunctionExpression' ||
    ((node.type === 'FunctionExpression' || node.type === 'ClassExpression') && !node.id));

const isHoisted = (node: Node): boolean =>
  node.type === 'ImportDeclaration' ||
  node.type === 'FunctionDeclaration' ||
  (node.type.startsWith('Export') && (node.declaration as Node | undefined)?.type === 'FunctionDeclaration');

class Rewrite {
  readonly #text: MagicString;
  readonly #hidden: Hidden;
  readonly #kinds = new Map<string, string>();
  readonly #vars: Set<string>;
  readonly #first: number | undefined;
  /** Helpers and temporaries that esbuild made: they stay local to the cell. */
  readonly #generated = new Set<string>();
  readonly #free = new Set<string>();
  /** Names of this cell's own declarations that it also uses as values. */
  readonly #used = new Set<string>();
  readonly #imports: string[] = [];
  readonly #unnamed: [Node, string][] = [];
  readonly #enums = new Set<string>();
  #prelude = '';

  constructor(
    private readonly code: string,
    private readonly program: Node,
    private readonly source: string,
    private readonly erased: Erased | undefined,
    private readonly known: KnownNames,
  ) {
    this.#text = new MagicString(code);
    this.#hidden = hiddenNames(code);
    this.#vars = varNames(program.body as Node[]);
    this.#first = (program.body as Node[]).find((statement) => !isHoisted(statement))?.start;
  }

  run(): TransformedCell {
    this.#collect();
    const names = this.#generated;
    walk(
      this.program,
      { reference: (reference) => this.#reference(reference), node: (node) => this.#node(node) },
      names,
    );
    this.#name();
    for (const statement of this.program.body as Node[]) this.#statement(statement, 'top');
    this.#result(this.program.body as Node[]);
    const text = this.#text;
    text.prepend(
      `(async function(${HIDDEN.map((name) => this.#hidden[name]).join(',')}){"use strict";${this.#prelude}`,
    );
    text.append('\n})');
    return {
      code: text.toString(),
      hoisted: [...this.#vars].filter((name) => !this.#generated.has(name)),
      declared: [...this.#kinds].map(([name, kind]) => ({ name, kind })),
      free: this.#free,
      imports: this.#imports,
      position: positions(text, this.erased),
    };
  }

  /** Which names the cell declares, and as what. */
  #collect(): void {
    const declare = (name: string, kind: string): void => {
      // a name that the user never wrote comes from esbuild
      if (this.erased !== undefined && !mentions(this.source, name)) this.#generated.add(name);
      else this.#kinds.set(name, kind);
    };
    for (const name of this.#vars) declare(name, 'var');
    for (const outer of this.program.body as Node[]) {
      const statement = (outer.type.startsWith('Export') ? outer.declaration : outer) as Node | null | undefined;
      if (!statement) continue;
      if (statement.type === 'VariableDeclaration' && statement.kind !== 'var') {
        for (const d of statement.declarations as Node[]) {
          for (const name of namesOf(d.id as Node)) declare(name, statement.kind as string);
        }
      } else if (/^(Function|Class)Declaration$/.test(statement.type) && statement.id) {
        declare((statement.id as Node).name as string, statement.type === 'ClassDeclaration' ? 'class' : 'function');
      } else if (statement.type === 'ImportDeclaration') {
        for (const s of statement.specifiers as Node[]) declare((s.local as Node).name as string, 'import');
      }
    }
  }

  /** Where a name lives, as an expression that can be assigned to. */
  #place(name: string, use: Reference['use']): string {
    const kind = this.#kinds.get(name);
    if (use === 'declare' && kind !== 'var') {
      return `${this.#hidden.declare}.${name}`;
    }
    const apart = this.known.apart(name) && (kind !== undefined || this.known.shadowed(name));
    const constant = kind === undefined ? this.known.constant(name) : kind === 'const' || kind === 'import';
    if (use === 'write' && constant) return `${this.#hidden.fixed}.${name}`;
    return apart ? `${this.#hidden.scope}.${name}` : name;
  }

  #reference({ name, node, use, shorthand, value }: Reference): void {
    if (name === 'arguments') this.#refuse("'arguments' exists only inside functions", node);
    if (use !== 'declare') {
      if (this.#kinds.has(name)) this.#used.add(name);
      else this.#free.add(name);
    }
    const place = this.#place(name, use);
    if (place === name) return;
    this.#text.update(node.start, node.end, shorthand ? `${name}: ${place}` : place);
    if (isAnonymous(value) && name !== '__proto__') this.#unnamed.push([value!, name]);
  }

  /** Gives functions the names that they would have got from a declaration; the innermost first, as ends may coincide. */
  #name(): void {
    for (const [value, name] of this.#unnamed.reverse()) {
      this.#text.prependRight(value.start, `{${name}: `);
      this.#text.appendLeft(value.end, `}.${name}`);
    }
  }

  #node(node: Node): void {
    const text = this.#text;
    switch (node.type) {
      case 'AwaitExpression':
        text.prependRight(node.start, `${this.#hidden.resumed}(`);
        text.appendLeft(node.end, ')');
        break;
      case 'CallExpression': {
        const callee = node.callee as Node;
        if (callee.type === 'Identifier' && callee.name === 'require') this.#mention((node.arguments as Node[])[0]);
        break;
      }
      case 'ImportExpression':
        this.#mention(node.source as Node);
        text.update(node.start, node.start + 'import'.length, this.#hidden.load);
        break;
      case 'MetaProperty':
        if ((node.meta as Node).name === 'import') text.update(node.start, node.end, this.#hidden.meta);
        break;
      case 'ForOfStatement':
        if (node.await && (node.body as Node).type === 'BlockStatement') {
          text.appendLeft((node.body as Node).start + 1, `${this.#hidden.resumed}();`);
        }
        break;
      case 'LogicalExpression':
        this.#enumeration(node);
        break;
    }
  }

  /** A module that the cell may load while it runs. */
  #mention(specifier: Node | undefined): void {
    if (specifier?.type === 'Literal' && typeof specifier.value === 'string') this.#imports.push(specifier.value);
  }

  #refuse(message: string, node: Node): never {
    const before = this.code.slice(0, node.start).split('\n');
    const place = { line: before.length, column: before.at(-1)!.length + 1 };
    const origin = positions(this.#text, this.erased, true)(place.line, place.column) ?? place;
    throw new CellSyntaxError(message, origin.line, origin.column);
  }

  /** Goes through the statements outside functions; what they declare becomes assignments to the names' places. */
  #statement(node: Node, where: 'top' | 'list' | 'single' | 'head'): void {
    const all = (list: unknown): void => {
      for (const child of list as Node[]) this.#statement(child, 'list');
    };
    const single = (child: unknown): void => {
      if (child) this.#statement(child as Node, 'single');
    };
    switch (node.type) {
      case 'VariableDeclaration':
        if (node.kind === 'var' || where === 'top') this.#variables(node, where);
        break;
      case 'FunctionDeclaration':
        if (where === 'top') this.#function(node);
        break;
      case 'ClassDeclaration':
        if (where === 'top') this.#class(node);
        break;
      case 'ImportDeclaration':
        this.#import(node);
        break;
      case 'ExportNamedDeclaration':
        if (node.declaration) this.#export(node, node.declaration as Node);
        else this.#reexport(node);
        break;
      case 'ExportAllDeclaration':
        this.#reexport(node);
        break;
      case 'ExportDefaultDeclaration':
        this.#export(node, node.declaration as Node);
        break;
      case 'BlockStatement':
        all(node.body);
        break;
      case 'IfStatement':
        single(node.consequent);
        single(node.alternate);
        break;
      case 'ForStatement':
        if (node.init) this.#statement(node.init as Node, 'head');
        single(node.body);
        break;
      case 'ForInStatement':
      case 'ForOfStatement':
        this.#statement(node.left as Node, 'head');
        single(node.body);
        break;
      case 'WhileStatement':
      case 'DoWhileStatement':
      case 'LabeledStatement':
        single(node.body);
        break;
      case 'SwitchStatement':
        for (const branch of node.cases as Node[]) all(branch.consequent);
        break;
      case 'TryStatement':
        for (const part of [node.block, (node.handler as Node | null)?.body, node.finalizer]) single(part);
        break;
    }
  }

  #variables(node: Node, where: 'top' | 'list' | 'single' | 'head'): void {
    const declarations = node.declarations as Node[];
    const names = declarations.flatMap((d) => namesOf(d.id as Node));
    const generated = names.filter((name) => this.#generated.has(name));
    if (names.length > 0 && generated.length === names.length) return;
    if (generated.length > 0) this.#prelude += `var ${generated.join(',')};`;
    // a statement before it that has no semicolon must not run on into `(`
    this.#text.update(node.start, declarations[0]!.start, where === 'top' || where === 'list' ? ';' : ' ');
    for (const d of declarations) {
      if (!d.init) {
        if (where !== 'head') this.#withoutValue(node, d.id as Node);
      } else if ((d.id as Node).type !== 'Identifier') {
        this.#text.prependRight(d.start, '(');
        this.#text.appendLeft(d.end, ')');
      }
    }
    if (where !== 'head' && this.code[node.end - 1] !== ';') this.#text.appendLeft(node.end, ';');
  }

  #withoutValue(declaration: Node, id: Node): void {
    const name = id.name as string;
    if (this.#generated.has(name)) return;
    if (declaration.kind !== 'var') this.#text.appendLeft(id.end, ' = void 0');
    else if (this.erased !== undefined && this.code.includes(`(${name} || (${name} = {}))`)) {
      // a namespace starts anew each time that its cell runs
      this.#text.appendLeft(id.end, ' = void 0');
    }
  }

  /** An enum starts anew each time that its cell runs: `var E = (…)(E || {})` reads no earlier one. */
  #enumeration(node: Node): void {
    const left = node.left as Node;
    const right = node.right as Node;
    if (this.erased === undefined || node.operator !== '||' || left.type !== 'Identifier') return;
    if (right.type !== 'ObjectExpression' || (right.properties as Node[]).length > 0) return;
    const name = left.name as string;
    if (!this.#vars.has(name) || this.#enums.has(name)) return;
    this.#enums.add(name);
    this.#text.appendLeft(node.start, 'void ');
  }

  /** To the top of the cell, and without an inner name, so that it too sees the newest function of this name. */
  #function(node: Node): void {
    const text = this.#text;
    const id = node.id as Node | null;
    if (id && this.#generated.has(id.name as string)) return;
    const name = id ? (id.name as string) : 'default';
    if (id) text.remove(id.start, id.end);
    const target = id ? `${this.#hidden.declare}.${name}=` : '';
    text.prependRight(node.start, `;${target}{${name}:`);
    text.appendLeft(node.end, `}.${name};`);
    this.#hoist(node);
  }

  /** Before the first statement that does something. */
  #hoist(node: Node): void {
    if (this.#first !== undefined && node.start > this.#first) this.#text.move(node.start, node.end, this.#first);
  }

  #class(node: Node): void {
    const id = node.id as Node | null;
    if (id && this.#generated.has(id.name as string)) return;
    this.#text.prependRight(node.start, id ? `;${this.#hidden.declare}.${id.name as string} = ` : ';void ');
    this.#text.appendLeft(node.end, ';');
  }

  /** Cells share everything: the keyword is dropped. */
  #export(node: Node, declaration: Node): void {
    this.#text.remove(node.start, this.#exported(node));
    this.#statement(declaration, 'top');
  }

  #exported(node: Node): number {
    return node.start + /^export\s+(default(?![\w$])\s*)?/.exec(this.code.slice(node.start, node.end))![0].length;
  }

  #reexport(node: Node): void {
    this.#text.update(node.start, node.end, node.source ? `;${this.#load(node)};` : ';');
  }

  /** `await load("x", attributes)`, counted among the cell's imports. */
  #load(node: Node): string {
    const specifier = (node.source as Node).value as string;
    this.#imports.push(specifier);
    const attributes = ((node.attributes as Node[] | undefined) ?? []).map((a) => {
      const key = a.key as Node;
      return [(key.name ?? key.value) as string, (a.value as Node).value as string];
    });
    const options = attributes.length > 0 ? `, ${JSON.stringify({ with: Object.fromEntries(attributes) })}` : '';
    return `await ${this.#hidden.load}(${JSON.stringify(specifier)}${options})`;
  }

  #import(node: Node): void {
    const names: Record<string, string> = {};
    let namespace: string | undefined;
    for (const specifier of node.specifiers as Node[]) {
      const local = (specifier.local as Node).name as string;
      if (specifier.type === 'ImportNamespaceSpecifier') namespace = local;
      else if (specifier.type === 'ImportDefaultSpecifier') names[local] = 'default';
      else names[local] = ((specifier.imported as Node).name ?? (specifier.imported as Node).value) as string;
    }
    const load = this.#load(node);
    const used = Object.keys(names).filter((name) => this.#used.has(name));
    const bind = `${this.#hidden.bind}(${load}, ${JSON.stringify((node.source as Node).value)}, ${JSON.stringify(names)}, ${JSON.stringify(used)}, ${JSON.stringify(namespace ?? null)})`;
    this.#text.update(node.start, node.end, `;${bind};`);
    this.#hoist(node);
  }

  /** The value of the last expression is the cell's. A cell with `using` lies in a try block by now. */
  #result(body: readonly Node[]): void {
    let last: Node | undefined;
    for (const statement of body) if (statement.type !== 'EmptyStatement') last = statement;
    if (last?.type === 'TryStatement' && this.#isLoweredUsing(last))
      return void this.#result((last.block as Node).body as Node[]);
    let start = last?.start ?? 0;
    if (last?.type === 'ExportDefaultDeclaration' && !/Declaration$/.test((last.declaration as Node).type)) {
      start = this.#exported(last);
    } else if (last?.type !== 'ExpressionStatement') return;
    const end = this.code[last.end - 1] === ';' ? last.end - 1 : last.end;
    this.#text.prependRight(start, `;${this.#hidden.result}((`);
    this.#text.appendLeft(end, '))');
  }

  #isLoweredUsing(node: Node): boolean {
    const parameter = (node.handler as Node | null)?.param as Node | null | undefined;
    return (
      this.erased !== undefined &&
      parameter?.type === 'Identifier' &&
      /__callDispose\(/.test(this.code.slice(node.start, node.end))
    );
  }
}

function hiddenNames(code: string): Hidden {
  let prefix = 'aenb$';
  while (code.includes(prefix)) prefix += '$';
  return Object.fromEntries(HIDDEN.map((name) => [name, prefix + name])) as Hidden;
}

function mentions(source: string, name: string): boolean {
  const at = source.indexOf(name);
  if (at < 0) return false;
  return new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`).test(source);
}

/** Places of the transformed code in the cell; the maps are made when the first error asks for them. */
function positions(text: MagicString, erased: Erased | undefined, onlyErased = false): TransformedCell['position'] {
  let first: TraceMap | undefined;
  let second: TraceMap | undefined;
  return (line, column) => {
    let place: { line: number | null; column: number | null } = { line, column: column - 1 };
    if (!onlyErased) {
      first ??= new TraceMap(text.generateMap({ hires: true }) as never);
      place = originalPositionFor(first, place as { line: number; column: number });
      if (place.line === null || place.column === null) return undefined;
    }
    if (erased !== undefined) {
      second ??= new TraceMap(erased.map);
      place = originalPositionFor(second, place as { line: number; column: number });
      if (place.line === null || place.column === null) return undefined;
    }
    return { line: place.line!, column: place.column! + 1 };
  };
}
