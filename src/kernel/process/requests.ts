/** Answers about the kernel's state for the editor: names to complete, what a name is, the variables there are. */
import type { CompleteReply, CompleteRequest, InspectReply, VariableInfo } from '../protocol';
import type { Bindings } from './bindings';
import { text } from './representation';

const PREVIEW = 120;
const MOST_NAMES = 500;

/** Names that fit before the cursor: properties after a dot, else variables and globals. Calls nothing, no getter either. */
export function complete({ code, offset }: CompleteRequest, bindings: Bindings): CompleteReply {
  const before = code.slice(0, offset);
  const [, path = '', prefix = ''] =
    /((?:[\p{ID_Start}$_][\p{ID_Continue}$]*\??\.)*)([\p{ID_Start}$_][\p{ID_Continue}$]*)?$/u.exec(before)!;
  const start = offset - prefix.length;
  // `f().` or `[1].`: nothing is known without running it
  if (path === '' && /[.\w$)\]]\s*\.\s*$/.test(before.slice(0, start))) return { start, end: offset, matches: [] };
  const holders =
    path === ''
      ? [bindings.scope, globalThis]
      : prototypes(follow(path.replaceAll('?', '').slice(0, -1).split('.'), bindings));
  const names = new Map<string, string>();
  for (const holder of holders) {
    for (const name of Object.getOwnPropertyNames(holder)) {
      if (names.size >= MOST_NAMES) break;
      if (!name.startsWith(prefix) || names.has(name) || !/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) continue;
      const descriptor = Object.getOwnPropertyDescriptor(holder, name);
      names.set(name, descriptor && 'value' in descriptor ? kindOf(descriptor.value) : 'property');
    }
  }
  const matches = [...names].map(([name, kind]) => ({ name, kind })).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { start, end: offset, matches };
}

/** What stands at the cursor, as far as it can be told without running code. */
export function inspectAt({ code, offset }: CompleteRequest, bindings: Bindings): InspectReply | undefined {
  const before = /[\p{ID_Continue}$.?]*$/u.exec(code.slice(0, offset))![0];
  const after = /^[\p{ID_Continue}$]*/u.exec(code.slice(offset))![0];
  const name = (before + after).replaceAll('?', '');
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*(\.[\p{ID_Start}$_][\p{ID_Continue}$]*)*$/u.test(name)) return undefined;
  const value = follow(name.split('.'), bindings);
  if (value === undefined) return undefined;
  return { name, type: typeName(value), text: preview(value, 2000) };
}

/** Everything that cells have declared. */
export function variables(bindings: Bindings): VariableInfo[] {
  return [...bindings.entries()].map(([name, kind]) => {
    const value = safely(() => bindings.get(name));
    return { name, kind, type: typeName(value), preview: preview(value, PREVIEW), ...measure(value) };
  });
}

function follow(path: readonly string[], bindings: Bindings): unknown {
  const [first, ...rest] = path;
  let value: unknown = bindings.has(first!) ? safely(() => bindings.get(first!)) : ownValue(globalThis, first!);
  for (const name of rest) {
    const holder = prototypes(value).find((object) => Object.hasOwn(object, name));
    value = holder && ownValue(holder, name);
  }
  return value;
}

function ownValue(holder: object, name: string): unknown {
  return safely(() => Object.getOwnPropertyDescriptor(holder, name)?.value);
}

function prototypes(value: unknown): object[] {
  if (value === undefined || value === null) return [];
  const chain: object[] = [];
  for (let object: object | null = Object(value) as object; object !== null && chain.length < 20; ) {
    chain.push(object);
    object = Object.getPrototypeOf(object);
  }
  return chain;
}

function kindOf(value: unknown): string {
  if (typeof value !== 'function') return 'variable';
  return /^class\b/.test(safely(() => Function.prototype.toString.call(value)) ?? '') ? 'class' : 'function';
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value === 'function' ? kindOf(value) : typeof value;
  return safely(() => (value.constructor as { name?: string } | undefined)?.name) || 'object';
}

/** Shape, number type and size, of whatever has them. */
function measure(value: unknown): { shape?: number[]; dtype?: string; length?: number; bytes?: number } {
  if (typeof value === 'string') return { length: value.length };
  if (typeof value !== 'object' || value === null) return {};
  return (
    safely(() => {
      const { shape, dtype, data, length, size } = value as Record<string, unknown>;
      const view = ArrayBuffer.isView(value) ? value : ArrayBuffer.isView(data) ? data : undefined;
      const count = typeof length === 'number' ? length : typeof size === 'number' ? size : undefined;
      return {
        ...(Array.isArray(shape) && shape.every((n) => typeof n === 'number') ? { shape: shape as number[] } : {}),
        ...(typeof dtype === 'string' ? { dtype } : {}),
        ...(count === undefined ? {} : { length: count }),
        ...(view === undefined ? {} : { bytes: view.byteLength }),
      };
    }) ?? {}
  );
}

function preview(value: unknown, length: number): string {
  if (typeof value === 'function') return safely(() => Function.prototype.toString.call(value).slice(0, length)) ?? '';
  const shown = text(value).replace(/\s+/g, ' ');
  return shown.length <= length ? shown : `${shown.slice(0, length - 1)}…`;
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
