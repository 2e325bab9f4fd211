/** Names and scopes of a parsed cell: which identifiers refer to something outside of their own functions and blocks. */
import type * as acorn from 'acorn';

/** acorn's node with its fields open: the walk below goes through every kind. */
export type Node = acorn.Node & Record<string, unknown>;

export interface Reference {
  readonly name: string;
  readonly node: Node;
  /** Only read, assigned to, or declared by a `let`, `const` or `var` of the cell itself. */
  readonly use: 'read' | 'write' | 'declare';
  /** `{ name }` in an object or a pattern: needs its key written out when the name is replaced. */
  readonly shorthand: boolean;
  /** What is assigned, where a function or class without a name would take this one. */
  readonly value?: Node;
}

export interface Visitor {
  /** An identifier that no function or block of the cell declares. */
  reference(reference: Reference): void;
  /** Every other node, before its children. `depth` is the number of functions around it. */
  node?(node: Node, depth: number): void;
}

/** The names that a binding pattern declares. */
export function namesOf(pattern: Node, into: string[] = []): string[] {
  switch (pattern.type) {
    case 'Identifier':
      into.push(pattern.name as string);
      break;
    case 'ObjectPattern':
      for (const property of pattern.properties as Node[]) {
        namesOf((property.type === 'RestElement' ? property.argument : property.value) as Node, into);
      }
      break;
    case 'ArrayPattern':
      for (const element of pattern.elements as (Node | null)[]) if (element) namesOf(element, into);
      break;
    case 'AssignmentPattern':
      namesOf(pattern.left as Node, into);
      break;
    case 'RestElement':
      namesOf(pattern.argument as Node, into);
      break;
  }
  return into;
}

/** Names that `var` declares in these statements, nested blocks included, functions not. */
export function varNames(statements: readonly Node[], into = new Set<string>()): Set<string> {
  const seek = (node: Node): void => {
    switch (node.type) {
      case 'VariableDeclaration':
        if (node.kind === 'var')
          for (const d of node.declarations as Node[]) for (const n of namesOf(d.id as Node)) into.add(n);
        break;
      case 'ExportNamedDeclaration':
        if (node.declaration) seek(node.declaration as Node);
        break;
      case 'ForStatement':
        if (node.init) seek(node.init as Node);
        seek(node.body as Node);
        break;
      case 'ForInStatement':
      case 'ForOfStatement':
        seek(node.left as Node);
        seek(node.body as Node);
        break;
      case 'BlockStatement':
        for (const child of node.body as Node[]) seek(child);
        break;
      case 'IfStatement':
        seek(node.consequent as Node);
        if (node.alternate) seek(node.alternate as Node);
        break;
      case 'WhileStatement':
      case 'DoWhileStatement':
      case 'LabeledStatement':
        seek(node.body as Node);
        break;
      case 'SwitchStatement':
        for (const branch of node.cases as Node[]) for (const child of branch.consequent as Node[]) seek(child);
        break;
      case 'TryStatement':
        seek(node.block as Node);
        if (node.handler) seek((node.handler as Node).body as Node);
        if (node.finalizer) seek(node.finalizer as Node);
        break;
    }
  };
  for (const statement of statements) seek(statement);
  return into;
}

/** Names that a list of statements declares for itself: let, const, class, function. */
function lexicalNames(statements: readonly Node[], into: Set<string>): void {
  for (const statement of statements) {
    if (statement.type === 'VariableDeclaration' && statement.kind !== 'var') {
      for (const d of statement.declarations as Node[]) for (const n of namesOf(d.id as Node)) into.add(n);
    } else if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') {
      if (statement.id) into.add((statement.id as Node).name as string);
    }
  }
}

/** Walks a program; `local` are names that are to count as declared inside (helpers that an earlier step made). */
export function walk(program: Node, visitor: Visitor, local: ReadonlySet<string> = new Set()): void {
  new Walk(visitor, local).statements(program.body as Node[]);
}

class Walk {
  readonly #visitor: Visitor;
  readonly #scopes: ReadonlySet<string>[];
  #depth = 0;

  constructor(visitor: Visitor, local: ReadonlySet<string>) {
    this.#visitor = visitor;
    this.#scopes = [local];
  }

  statements(list: readonly Node[]): void {
    for (const statement of list) this.#visit(statement);
  }

  #declared(name: string): boolean {
    for (let i = this.#scopes.length - 1; i >= 0; i--) if (this.#scopes[i]!.has(name)) return true;
    return false;
  }

  #refer(node: Node, use: Reference['use'], shorthand = false, value?: Node): void {
    const name = node.name as string;
    if (!this.#declared(name)) this.#visitor.reference({ name, node, use, shorthand, ...(value ? { value } : {}) });
  }

  #inScope(names: ReadonlySet<string>, run: () => void): void {
    if (names.size === 0) return void run();
    this.#scopes.push(names);
    run();
    this.#scopes.pop();
  }

  #block(list: readonly Node[]): void {
    const names = new Set<string>();
    lexicalNames(list, names);
    this.#inScope(names, () => this.statements(list));
  }

  #visit(node: Node): void {
    this.#visitor.node?.(node, this.#depth);
    switch (node.type) {
      case 'Identifier':
        return void this.#refer(node, 'read');
      case 'MemberExpression':
        this.#visit(node.object as Node);
        if (node.computed) this.#visit(node.property as Node);
        return;
      case 'Property':
        if (node.shorthand) return void this.#refer(node.value as Node, 'read', true);
        if (node.computed) this.#visit(node.key as Node);
        return void this.#visit(node.value as Node);
      case 'MethodDefinition':
      case 'PropertyDefinition':
        if (node.computed) this.#visit(node.key as Node);
        if (node.value) {
          // a field's value runs in a function of its own
          this.#depth++;
          this.#visit(node.value as Node);
          this.#depth--;
        }
        return;
      case 'StaticBlock':
        this.#depth++;
        this.#inScope(varNames(node.body as Node[]), () => this.#block(node.body as Node[]));
        this.#depth--;
        return;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return void this.#function(node);
      case 'ClassDeclaration':
      case 'ClassExpression': {
        const names = new Set<string>(node.id ? [(node.id as Node).name as string] : []);
        return void this.#inScope(names, () => {
          if (node.superClass) this.#visit(node.superClass as Node);
          for (const member of (node.body as Node).body as Node[]) this.#visit(member);
        });
      }
      case 'BlockStatement':
        return void this.#block(node.body as Node[]);
      case 'SwitchStatement': {
        this.#visit(node.discriminant as Node);
        const names = new Set<string>();
        for (const branch of node.cases as Node[]) lexicalNames(branch.consequent as Node[], names);
        return void this.#inScope(names, () => {
          for (const branch of node.cases as Node[]) {
            if (branch.test) this.#visit(branch.test as Node);
            this.statements(branch.consequent as Node[]);
          }
        });
      }
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement': {
        const names = new Set<string>();
        const head = (node.type === 'ForStatement' ? node.init : node.left) as Node | null;
        if (head?.type === 'VariableDeclaration') lexicalNames([head], names);
        return void this.#inScope(names, () => {
          if (node.type === 'ForStatement') {
            for (const part of [node.init, node.test, node.update]) if (part) this.#visit(part as Node);
          } else {
            if (head!.type === 'VariableDeclaration') this.#visit(head!);
            else this.#target(head!);
            this.#visit(node.right as Node);
          }
          this.#visit(node.body as Node);
        });
      }
      case 'CatchClause': {
        const names = new Set<string>(node.param ? namesOf(node.param as Node) : []);
        return void this.#inScope(names, () => {
          if (node.param) this.#pattern(node.param as Node);
          this.#visit(node.body as Node);
        });
      }
      case 'VariableDeclarator':
        this.#pattern(node.id as Node, false, (node.init as Node | null) ?? undefined);
        if (node.init) this.#visit(node.init as Node);
        return;
      case 'AssignmentExpression':
        this.#target(node.left as Node, false, node.right as Node);
        return void this.#visit(node.right as Node);
      case 'UpdateExpression':
        return void this.#target(node.argument as Node);
      case 'LabeledStatement':
        return void this.#visit(node.body as Node);
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'MetaProperty':
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
        return;
      case 'ExportNamedDeclaration':
        if (node.declaration) this.#visit(node.declaration as Node);
        return;
      default:
        for (const key in node) {
          if (key === 'type' || key === 'start' || key === 'end') continue;
          const child = node[key];
          if (Array.isArray(child)) {
            for (const item of child) if (isNode(item)) this.#visit(item);
          } else if (isNode(child)) this.#visit(child);
        }
    }
  }

  #function(node: Node): void {
    const names = new Set<string>();
    if (node.type === 'FunctionExpression' && node.id) names.add((node.id as Node).name as string);
    for (const parameter of node.params as Node[]) for (const name of namesOf(parameter)) names.add(name);
    const body = node.body as Node;
    if (node.type !== 'ArrowFunctionExpression') names.add('arguments');
    if (body.type === 'BlockStatement') {
      varNames(body.body as Node[], names);
      lexicalNames(body.body as Node[], names);
    }
    // an arrow at the top of a cell has the cell's `arguments` and `return`s of its own
    this.#depth++;
    this.#inScope(names, () => {
      for (const parameter of node.params as Node[]) this.#pattern(parameter);
      if (body.type === 'BlockStatement') this.statements(body.body as Node[]);
      else this.#visit(body);
    });
    this.#depth--;
  }

  /** A binding pattern: its names are declarations, its defaults and computed keys are expressions. */
  #pattern(node: Node, shorthand = false, value?: Node): void {
    this.#destructure(node, 'declare', shorthand, value);
  }

  /** What is assigned to: a name, a member, or a pattern of these. */
  #target(node: Node, shorthand = false, value?: Node): void {
    this.#destructure(node, 'write', shorthand, value);
  }

  #destructure(node: Node, use: 'write' | 'declare', shorthand: boolean, value?: Node): void {
    switch (node.type) {
      case 'Identifier':
        return void this.#refer(node, use, shorthand, value);
      case 'ObjectPattern':
        for (const property of node.properties as Node[]) {
          if (property.type === 'RestElement') this.#destructure(property.argument as Node, use, false);
          else {
            if (property.computed) this.#visit(property.key as Node);
            this.#destructure(property.value as Node, use, property.shorthand === true);
          }
        }
        return;
      case 'ArrayPattern':
        for (const element of node.elements as (Node | null)[]) if (element) this.#destructure(element, use, false);
        return;
      case 'AssignmentPattern':
        this.#destructure(node.left as Node, use, shorthand, node.right as Node);
        return void this.#visit(node.right as Node);
      case 'RestElement':
        return void this.#destructure(node.argument as Node, use, false);
      default:
        return void this.#visit(node);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}
