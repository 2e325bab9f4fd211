import {
  isJsonMime,
  type MimeBundle,
  type Output,
  parseJson,
  pictureSize,
  printJson,
  type ShownOutput,
  toOutput,
} from '../notebook/index.ts';

/**
 * An output as VS Code holds it: items by MIME type, as bytes. Plain records, so that the translation is tested
 * without VS Code.
 */
export interface OutputData {
  readonly items: readonly OutputItem[];
  readonly metadata: Record<string, unknown>;
}
export interface OutputItem {
  readonly mime: string;
  readonly data: Uint8Array;
}

/** MIME types under which VS Code's own renderer shows text streams and errors. */
const STREAM = { stdout: 'application/vnd.code.notebook.stdout', stderr: 'application/vnd.code.notebook.stderr' };
const ERROR = 'application/vnd.code.notebook.error';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function streamItem(name: 'stdout' | 'stderr', text: string): OutputItem {
  return { mime: STREAM[name], data: encoder.encode(text) };
}

/** What a running cell shows, as VS Code holds it. `count` is the n of the cell's In[n]. */
export function fromShown(shown: ShownOutput & { error?: { place?: Place } }, count: number | null): OutputData {
  const data = fromFile(toOutput(shown, count));
  if (shown.kind !== 'error') return data;
  const { name, message, stack, place } = shown.error;
  return { ...data, items: [errorItem(name, message, stack, place ?? placeIn(stack))] };
}

/** The place in a cell where an error comes from. */
interface Place {
  readonly count: number;
  readonly line: number;
}

export function fromFile(output: Output): OutputData {
  switch (output.output_type) {
    case 'stream':
      return { items: [streamItem(output.name === 'stderr' ? 'stderr' : 'stdout', output.text)], metadata: {} };
    case 'error': {
      const { ename, evalue, traceback } = output;
      return {
        items: [errorItem(ename, evalue, traceback.join('\n'), placeIn(traceback.join('\n')))],
        metadata: { error: { ename, evalue, traceback } },
      };
    }
    case 'display_data':
      return { items: fromBundle(output.data), metadata: { outputType: 'display_data', metadata: output.metadata } };
    case 'execute_result':
      return {
        items: fromBundle(output.data),
        metadata: {
          outputType: 'execute_result',
          metadata: output.metadata,
          executionCount: output.execution_count,
        },
      };
  }
}

/**
 * The outputs that a file keeps for one of VS Code's. Several only where stdout and stderr were put into one, which
 * other programs may do.
 */
export function toFile({ items, metadata }: OutputData): Output[] {
  const streams = items.filter(({ mime }) => mime === STREAM.stdout || mime === STREAM.stderr);
  if (streams.length > 0) return toStreams(streams);
  const error = items.find(({ mime }) => mime === ERROR);
  if (error) return [toError(error, metadata.error)];
  const data = toBundle(items);
  // VS Code lets an update change an output's items alone, and a live picture gets its PNG with the last one
  const common = { data, metadata: { ...pictureSize(data), ...(metadata.metadata as object | undefined) } };
  if (metadata.outputType === 'execute_result')
    return [
      { output_type: 'execute_result', ...common, execution_count: (metadata.executionCount ?? null) as number | null },
    ];
  return [{ output_type: 'display_data', ...common }];
}

function toStreams(items: readonly OutputItem[]): Output[] {
  const outputs: { output_type: 'stream'; name: string; text: string }[] = [];
  for (const { mime, data } of items) {
    const name = mime === STREAM.stderr ? 'stderr' : 'stdout';
    const last = outputs.at(-1);
    const text = decoder.decode(data);
    if (last?.name === name) last.text += text;
    else outputs.push({ output_type: 'stream', name, text });
  }
  return outputs;
}

/**
 * VS Code turns a line into a link to the cell only if it begins with `Cell In[3], line 4`, so such a line is put
 * before the frames where there is none.
 */
function errorItem(name: string, message: string, stack: string, place: Place | undefined): OutputItem {
  const lines = stack.split('\n');
  const linked = lines.some((line) => /^\s*Cell In\[\d+\], line \d+/.test(line));
  if (place && !linked) {
    const firstFrame = lines.findIndex((line) => /^\s+at /.test(line));
    lines.splice(firstFrame < 0 ? lines.length : firstFrame, 0, `Cell In[${place.count}], line ${place.line}`);
  }
  return { mime: ERROR, data: encoder.encode(JSON.stringify({ name, message, stack: lines.join('\n') })) };
}

/** The innermost place in a cell that a stack names. */
function placeIn(stack: string): Place | undefined {
  const found = /Cell In\[(\d+)\], line (\d+)/.exec(stack);
  return found ? { count: Number(found[1]), line: Number(found[2]) } : undefined;
}

function toError(item: OutputItem, original: unknown): Output {
  // what the kernel or the file said, without the line that was added for VS Code
  if (original)
    return { output_type: 'error', ...(original as { ename: string; evalue: string; traceback: string[] }) };
  const { name = '', message = '', stack = '' } = JSON.parse(decoder.decode(item.data));
  return { output_type: 'error', ename: name, evalue: message, traceback: stack.split('\n') };
}

/** Types that files keep in base64 and VS Code as bytes. */
function isBinary(mime: string): boolean {
  return (/^(image|audio|video)\//.test(mime) && mime !== 'image/svg+xml') || mime === 'application/pdf';
}

function fromBundle(bundle: MimeBundle): OutputItem[] {
  return Object.entries(bundle)
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([mime, value]) => {
      if (isJsonMime(mime) || typeof value !== 'string') return { mime, data: encoder.encode(printJson(value)) };
      if (isBinary(mime)) return { mime, data: Buffer.from(value, 'base64') };
      return { mime, data: encoder.encode(value) };
    });
}

/** VS Code shows the first type that it can: a picture of ours before the still one, and that before words. */
function rank(mime: string): number {
  const order = [/^application\/vnd\./, /^text\/html$/, /^image\/svg/, /^image\//, /^text\/markdown$/, /^text\/plain$/];
  const found = order.findIndex((pattern) => pattern.test(mime));
  return found < 0 ? order.length : found;
}

function toBundle(items: readonly OutputItem[]): MimeBundle {
  return Object.fromEntries(
    items.map(({ mime, data }) => {
      if (isBinary(mime)) return [mime, Buffer.from(data).toString('base64')];
      const text = decoder.decode(data);
      // our reader keeps the form of numbers, so that a file made elsewhere changes only where it was edited
      return [mime, isJsonMime(mime) ? parseJson(text).value : text];
    }),
  );
}
