/** Checks messages where they come in: a partner of another version or a broken one is told so, not believed. */
import type { CompleteRequest, HostMessage, KernelMessage } from './protocol';

type Check = (value: unknown) => boolean;
type Fields = Record<string, Check>;

const number: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const text: Check = (value) => typeof value === 'string';
const yesOrNo: Check = (value) => typeof value === 'boolean';
const anything: Check = () => true;
const list: Check = Array.isArray;
const record: Check = (value) => typeof value === 'object' && value !== null;
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const oneOf =
  (...allowed: string[]): Check =>
  (value) =>
    allowed.includes(value as string);

const toKernel: Record<HostMessage['type'], Fields> = {
  start: { version: number, directory: text, notebook: maybe(text) },
  execute: { execution: number, cell: text, count: number, code: text },
  input: { request: number, text: maybe(text), reason: maybe(text) },
  request: { request: number, subject: text, payload: anything },
};

const fromKernel: Record<KernelMessage['type'], Fields> = {
  ready: { version: number, node: text, pid: number },
  output: { execution: number, events: list },
  done: { execution: number, status: oneOf('ok', 'error', 'interrupted'), milliseconds: number },
  engine: { engine: record },
  input: { request: number, execution: number, prompt: text, password: yesOrNo },
  response: { request: number, value: anything, error: maybe(text) },
};

/** @throws TypeError that names the message and the field. */
export function parseHostMessage(message: unknown): HostMessage {
  return parse<HostMessage>(message, toKernel);
}

/** @throws TypeError that names the message and the field. */
export function parseKernelMessage(message: unknown): KernelMessage {
  return parse<KernelMessage>(message, fromKernel);
}

export function parseCompleteRequest(payload: unknown): CompleteRequest {
  const { code, offset } = (payload ?? {}) as Partial<CompleteRequest>;
  if (typeof code === 'string' && Number.isInteger(offset) && offset! >= 0 && offset! <= code.length) {
    return { code, offset: offset! };
  }
  throw new TypeError(`the request needs code and an offset within it, got ${JSON.stringify(payload)?.slice(0, 100)}`);
}

function parse<M>(message: unknown, kinds: Record<string, Fields>): M {
  const type = (message as { type?: unknown } | null | undefined)?.type;
  const fields = typeof type === 'string' && Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (fields === undefined) {
    throw new TypeError(`a message must have one of the types ${Object.keys(kinds).join(', ')}, got ${String(type)}`);
  }
  for (const [name, check] of Object.entries(fields)) {
    const value = (message as Record<string, unknown>)[name];
    if (!check(value))
      throw new TypeError(`the message '${String(type)}' has a wrong ${name}: ${String(value).slice(0, 100)}`);
  }
  return message as M;
}
