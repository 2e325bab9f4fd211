import { type Identifier, type Node, type Pattern, parse, type VariableDeclaration } from 'acorn';
import { transformSync } from 'esbuild';
import { codeCell, type Notebook, type NotebookCell, tagsOf } from '../notebook/index.ts';
import { BadCall } from './failure.ts';

const GIVEN = 'injected-parameters';

/** A name that the cell tagged `parameters` declares. */
interface Parameter {
  name: string;
  keyword: 'const' | 'let' | 'var';
  /** What its value in the notebook is, where that can be told from the text. */
  type: 'number' | 'string' | 'boolean' | undefined;
}

/**
 * Puts a cell with the given values right after the cell tagged `parameters`, as Jupyter's tools do; the cells below see
 * these values. A cell left from an earlier run is replaced.
 *
 * @param given texts of the form `name=value`; the last one of a name counts
 * @throws BadCall for a text of another form, a name that the cell does not declare, a value of another type
 */
export function withParameters(notebook: Notebook, given: readonly string[]): Notebook {
  if (given.length === 0) return notebook;
  const values = new Map(given.map(splitPair));
  const cell = notebook.cells.find((candidate) => isTagged(candidate, 'parameters'));
  if (!cell) throw new BadCall(`--param ${given[0]}: the notebook has no cell tagged "parameters"`);
  const parameters = declaredIn(cell.source);
  const lines = [...values].map(([name, text]) => {
    const parameter = parameters.find((candidate) => candidate.name === name);
    if (!parameter) throw new BadCall(`--param ${name}=${text}: ${unknown(name, parameters)}`);
    return `${parameter.keyword} ${name} = ${literal(parameter, text)};`;
  });
  const injected = codeCell(['// Parameters of this run', ...lines].join('\n'));
  injected.metadata = { tags: [GIVEN] };
  const others = notebook.cells.filter((candidate) => !isTagged(candidate, GIVEN));
  const at = others.indexOf(cell) + 1;
  return { ...notebook, cells: [...others.slice(0, at), injected, ...others.slice(at)] };
}

function isTagged(cell: NotebookCell, tag: string): boolean {
  return cell.cell_type === 'code' && tagsOf(cell).includes(tag);
}

function splitPair(text: string): [string, string] {
  const match = /^\s*([\p{L}_$][\p{L}\p{N}_$]*)\s*=([\s\S]*)$/u.exec(text);
  if (!match) throw new BadCall(`--param must be NAME=VALUE, got ${JSON.stringify(text)}`);
  return [match[1]!, match[2]!];
}

function unknown(name: string, parameters: readonly Parameter[]): string {
  const names = parameters.map((parameter) => parameter.name);
  if (names.length === 0) return 'the cell tagged "parameters" declares nothing';
  return `the notebook has no parameter ${name}; it has ${names.join(', ')}`;
}

/** The value as TypeScript: of the type that the notebook gave the parameter, else as JSON, else as a string. */
function literal({ name, type }: Parameter, text: string): string {
  const parsed = parseValue(text);
  if (type === 'string') return JSON.stringify(text);
  if (type !== undefined && typeof parsed !== type) {
    throw new BadCall(`--param ${name}=${text}: ${name} is a ${type} in the notebook, got ${JSON.stringify(text)}`);
  }
  if (typeof parsed === 'number') return Object.is(parsed, -0) ? '-0' : String(parsed);
  return JSON.stringify(parsed);
}

function parseValue(text: string): unknown {
  const trimmed = text.trim();
  // numbers as TypeScript writes them: 1e-3, .5, 1_000
  if (/^[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(trimmed)) return Number(trimmed.replaceAll('_', ''));
  if (/^[+-]?Infinity$|^NaN$/.test(trimmed)) return Number(trimmed);
  try {
    return JSON.parse(trimmed);
  } catch {
    return text;
  }
}

function declaredIn(source: string): Parameter[] {
  let program: ReturnType<typeof parse>;
  try {
    const { code } = transformSync(source, { loader: 'ts', target: 'esnext', format: 'esm', logLevel: 'silent' });
    program = parse(code, { ecmaVersion: 'latest', sourceType: 'module', allowAwaitOutsideFunction: true });
  } catch (error) {
    const reason = String((error as Error).message)
      .split('\n')
      .at(-1);
    throw new BadCall(`the cell tagged "parameters" cannot be read: ${reason}`);
  }
  return program.body.flatMap((statement) => {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    return declaration?.type === 'VariableDeclaration' ? parametersOf(declaration) : [];
  });
}

function parametersOf(declaration: VariableDeclaration): Parameter[] {
  const keyword = declaration.kind === 'let' || declaration.kind === 'var' ? declaration.kind : 'const';
  return declaration.declarations.flatMap(({ id, init }) =>
    id.type === 'Identifier'
      ? [{ name: id.name, keyword, type: typeOf(init) }]
      : namesIn(id).map(({ name }) => ({ name, keyword, type: undefined })),
  );
}

function typeOf(init: Node | null | undefined): Parameter['type'] {
  if (init?.type === 'TemplateLiteral') return 'string';
  if (init?.type === 'UnaryExpression') {
    const { operator, argument } = init as Node & { operator: string; argument: Node };
    return operator === '-' || operator === '+' ? typeOf(argument) : operator === '!' ? 'boolean' : undefined;
  }
  if (init?.type !== 'Literal') return undefined;
  const { value } = init as Node & { value: unknown };
  const type = typeof value;
  return type === 'number' || type === 'string' || type === 'boolean' ? type : undefined;
}

function namesIn(pattern: Pattern): Identifier[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern];
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) =>
        namesIn(property.type === 'RestElement' ? property.argument : property.value),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => (element ? namesIn(element) : []));
    case 'RestElement':
      return namesIn(pattern.argument);
    case 'AssignmentPattern':
      return namesIn(pattern.left);
    default:
      return [];
  }
}
