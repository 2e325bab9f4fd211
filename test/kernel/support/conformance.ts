/** Reads the conformance files and says what a cell has shown in their notation. */
import type { OutputEvent } from '../../../src/kernel/protocol.ts';

export type Step =
  | { kind: 'file'; name: string; text: string; line: number }
  | { kind: 'cell'; code: string; expected: string; line: number };

export interface Case {
  readonly title: string;
  readonly steps: readonly Step[];
}

export function parseCases(text: string): Case[] {
  const cases: { title: string; steps: Step[] }[] = [];
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const title = /^## (.*)$/.exec(lines[i]!);
    if (title) cases.push({ title: title[1]!, steps: [] });
    const fence = /^```(\w+)(?: file=(\S+))?$/.exec(lines[i]!);
    if (!fence) continue;
    const start = i + 1;
    while (lines[++i] !== '```') if (i >= lines.length) throw new Error(`line ${start}: the block is not closed`);
    const body = lines.slice(start, i).join('\n');
    const steps = cases.at(-1)!.steps;
    const [, language, file] = fence;
    if (file !== undefined) steps.push({ kind: 'file', name: file, text: body, line: start });
    else if (language === 'out') (steps.at(-1) as { expected: string }).expected = body;
    else steps.push({ kind: 'cell', code: body, expected: '', line: start });
  }
  return cases;
}

export function shown(events: readonly OutputEvent[]): string {
  const parts: string[] = [];
  let stream: { name: string; text: string } | undefined;
  const endStream = (): void => {
    if (stream) parts.push(prefixed(stream.name === 'stderr' ? '! ' : '', stream.text.replace(/\n$/, '')));
    stream = undefined;
  };
  for (const event of events) {
    if (event.kind === 'stream') {
      if (stream?.name !== event.name) endStream();
      stream = { name: event.name, text: (stream?.text ?? '') + event.text };
      continue;
    }
    endStream();
    if (event.kind === 'result') parts.push(bundle('=> ', event.data));
    if (event.kind === 'display') parts.push(bundle('', event.data));
    if (event.kind === 'update') parts.push(bundle('~', event.data));
    if (event.kind === 'error') parts.push(prefixed('x ', event.error.stack));
    if (event.kind === 'clear') parts.push(event.wait ? '(clear at the next output)' : '(clear)');
  }
  endStream();
  return parts.join('\n');
}

function bundle(prefix: string, data: Record<string, unknown>): string {
  const kind = picture(data);
  if (kind) return prefixed(`${prefix}<${kind}> `, String(data['text/plain']));
  const mimes = Object.keys(data);
  if (mimes.length === 1 && mimes[0] === 'text/plain' && prefix === '=> ')
    return prefixed('=> ', String(data['text/plain']));
  return mimes
    .filter((mime) => mimes.length === 1 || mime !== 'text/plain')
    .map((mime) =>
      prefixed(`${prefix}<${mime}> `, typeof data[mime] === 'string' ? data[mime] : JSON.stringify(data[mime])),
    )
    .join('\n');
}

/** A picture of our own is known by its kind: what it draws is the renderers' affair, what it says in words is shown. */
function picture(data: Record<string, unknown>): string | undefined {
  return Object.keys(data)
    .map((mime) => /^application\/vnd\.aenb\.(\w+)\.v\d+\+json$/.exec(mime)?.[1])
    .find((kind) => kind !== undefined);
}

const prefixed = (prefix: string, text: string): string =>
  prefix + text.replace(/\n/g, `\n${' '.repeat(prefix.length)}`);

/** A pattern of the notation, as a regular expression of the whole. */
export function pattern(expected: string): RegExp {
  const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  let source = '';
  for (const line of expected.split('\n')) {
    if (line.trim() === '...') source += '(?:\\n[\\s\\S]*)?';
    else source += `\\n${literal(line).replaceAll('…', '.*')}`;
  }
  return new RegExp(`^${source}$`);
}
