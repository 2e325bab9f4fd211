/**
 * What is said between a session and its kernel process, over Node's IPC channel with structured clone
 * (`serialization: 'advanced'`, so typed arrays travel as they are). One record a message, `type` tells which.
 *
 * The interrupt does not come this way, since a busy kernel reads no messages: one byte on file descriptor 3 means it
 * (see process/interrupt.ts).
 */

/** Raised when a message changes its meaning; both sides refuse a partner that speaks another version. */
export const PROTOCOL_VERSION = 1;

/** Representations of one output by MIME type: text as strings, JSON types as plain values, images as base64. */
export type MimeBundle = Record<string, unknown>;

/** The engine that trains, as the status bar and every Run show it. */
export interface EngineStatus {
  readonly name: 'tensorflow' | 'onnx' | 'wasm' | 'cpu' | 'aenb';
  readonly version: string;
  readonly threads: number;
  /** The instructions that our own training kernels use, where these train. */
  readonly kernels?: string;
  /** Why a better engine was not taken; absent when the first choice runs. */
  readonly reason?: string;
}

/** A failed cell, with places in terms of cells. */
export interface CellError {
  /** The error's class, e.g. `TypeError`. */
  readonly name: string;
  readonly message: string;
  /** Readable stack: the message, then frames such as `at f (Cell In[3], line 4)`. */
  readonly stack: string;
  /** Innermost place that lies in a cell: its id, execution count, line and column, both from 1. */
  readonly place?: { readonly cell: string; readonly count: number; readonly line: number; readonly column: number };
  /** The source line at that place. */
  readonly sourceLine?: string;
}

/** What a cell shows, in the order in which it happened. */
export type OutputEvent =
  | { readonly kind: 'stream'; readonly name: 'stdout' | 'stderr'; readonly text: string }
  /** A new output; with an `id`, a later `update` may replace it. `transient` marks a live picture that is not final. */
  | { readonly kind: 'display'; readonly id?: string; readonly data: MimeBundle; readonly metadata?: MimeBundle }
  | { readonly kind: 'update'; readonly id: string; readonly data: MimeBundle; readonly metadata?: MimeBundle }
  /** Empties the cell's outputs, at once or when the next output comes. */
  | { readonly kind: 'clear'; readonly wait: boolean }
  /** The value of the cell's last expression. */
  | { readonly kind: 'result'; readonly data: MimeBundle; readonly metadata?: MimeBundle }
  | { readonly kind: 'error'; readonly error: CellError };

export type HostMessage =
  | {
      readonly type: 'start';
      readonly version: number;
      /** Folder that imports, `require` and the working directory refer to. */
      readonly directory: string;
      /** Path of the notebook, if it was saved; `__filename` in cells. */
      readonly notebook?: string;
    }
  /** Runs a cell. `execution` is unique and comes back with everything that this run does; `count` is the n of `In[n]`. */
  | {
      readonly type: 'execute';
      readonly execution: number;
      readonly cell: string;
      readonly count: number;
      readonly code: string;
    }
  /** The answer to an `input` request; without a text, nobody answered. */
  | { readonly type: 'input'; readonly request: number; readonly text?: string; readonly reason?: string }
  /**
   * A question to the kernel, answered between two turns of its event loop, so also while a training waits between two
   * chunks: one of `Requests`, or one that a renderer sent (`render:<channel>`).
   */
  | { readonly type: 'request'; readonly request: number; readonly subject: string; readonly payload: unknown };

export type KernelMessage =
  | { readonly type: 'ready'; readonly version: number; readonly node: string; readonly pid: number }
  /** Output events of one execution since the last such message. Those after `done` came from timers and promises. */
  | { readonly type: 'output'; readonly execution: number; readonly events: readonly OutputEvent[] }
  | {
      readonly type: 'done';
      readonly execution: number;
      readonly status: 'ok' | 'error' | 'interrupted';
      readonly milliseconds: number;
    }
  | { readonly type: 'engine'; readonly engine: EngineStatus }
  | {
      readonly type: 'input';
      readonly request: number;
      readonly execution: number;
      readonly prompt: string;
      readonly password: boolean;
    }
  | { readonly type: 'response'; readonly request: number; readonly value?: unknown; readonly error?: string };

/** A place in a cell's text, for `complete` and `inspect`. */
export interface CompleteRequest {
  readonly code: string;
  /** Of the cursor, in UTF-16 units from the start. */
  readonly offset: number;
}

/** Names that may replace the text from `start` to `end`. */
export interface CompleteReply {
  readonly start: number;
  readonly end: number;
  readonly matches: readonly { readonly name: string; readonly kind: string }[];
}

export interface InspectReply {
  readonly name: string;
  readonly type: string;
  /** The value, shortened. */
  readonly text: string;
}

/** A name that a cell has declared. */
export interface VariableInfo {
  readonly name: string;
  /** `const`, `let`, `var`, `function`, `class` or `import`. */
  readonly kind: string;
  /** The value's class or primitive type. */
  readonly type: string;
  readonly preview: string;
  readonly shape?: readonly number[];
  readonly dtype?: string;
  readonly length?: number;
  readonly bytes?: number;
}

/** Subjects of `request`, what each is given and what it answers. */
export interface Requests {
  complete: { payload: CompleteRequest; reply: CompleteReply };
  inspect: { payload: CompleteRequest; reply: InspectReply | undefined };
  variables: { payload: undefined; reply: readonly VariableInfo[] };
  engine: { payload: undefined; reply: EngineStatus | undefined };
}
