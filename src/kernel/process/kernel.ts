/** The kernel process: takes messages, runs one cell at a time, sends what it shows. */
import { dirname } from 'node:path';
import { constants, Script } from 'node:vm';
import { type HostMessage, type KernelMessage, PROTOCOL_VERSION } from '../protocol';
import { parseCompleteRequest, parseHostMessage } from '../validate';
import { type BindingKind, Bindings } from './bindings';
import { asCellError, installStackTraces, registerScript, scriptName } from './errors';
import { context, Execution, InterruptedError } from './execution';
import { isHandle, makeGlobals, showBundle } from './globals';
import { killGroup, setRunning, startInterrupter, uninterrupted, type WorkerMessage } from './interrupt';
import { Modules } from './modules';
import { represent } from './representation';
import { complete, inspectAt, variables } from './requests';
import { installStreams } from './streams';
import { Tensors } from './tensors';
import { installTimers } from './timers';
import { Toolkit } from './toolkit';
import { HIDDEN, transform } from './transform';

export function runKernel(file: string): void {
  if (process.send === undefined) {
    console.error('This is the kernel of aenb notebooks: it is started by VS Code or by the aenb command.');
    process.exit(2);
  }
  installStackTraces(file);
  new Kernel(file).listen();
}

/** How long a cell has to follow its AbortSignal; tests that interrupt hundreds of times give it less. */
const GRACE_MILLISECONDS = Number(process.env.AENB_INTERRUPT_GRACE ?? 500);
/** So many messages on their way mean that a loop keeps us from sending. */
const CONGESTED = 100;

type Execute = Extract<HostMessage, { type: 'execute' }>;

class Kernel {
  readonly #bindings = new Bindings();
  readonly #toolkit: Toolkit;
  readonly #handlers = new Map<string, (payload: unknown) => unknown>();
  readonly #questions = new Map<number, { resolve(text: string): void; fail(reason: string): void }>();
  readonly #send: (message: KernelMessage) => void;
  #modules: Modules | undefined;
  #tensors: Tensors | undefined;
  #running: Execution | undefined;
  #last: Execution | undefined;
  #question = 0;
  /** Messages that the other side has not taken yet. */
  #unsent = 0;
  /** Whether an interrupted execution may still have something to wait for. */
  #abandoned = false;

  constructor(private readonly file: string) {
    const send = process.send!.bind(process);
    this.#send = (message) =>
      uninterrupted(() => {
        this.#unsent++;
        send(message, undefined, undefined, () => {
          this.#unsent--;
        });
      });
    this.#toolkit = new Toolkit(this.#bindings, this.#host(), (tf) => {
      this.#tensors = new Tensors(tf);
    });
  }

  listen(): void {
    installStreams((name, text) => (context.getStore() ?? this.#running ?? this.#last)?.write(name, text));
    installTimers((execution, error) => this.#uncaught(error, execution));
    process.on('uncaughtException', (error) => this.#uncaught(error, context.getStore()));
    process.on('unhandledRejection', (error) => this.#uncaught(error, context.getStore()));
    process.on('disconnect', () => {
      // with the processes that cells started; last, after what cells want to do at the end
      process.once('exit', () => killGroup());
      process.exit(0);
    });
    process.on('message', (message) => this.#receive(parseHostMessage(message)));
    this.#send({ type: 'ready', version: PROTOCOL_VERSION, node: process.version, pid: process.pid });
    startInterrupter(this.file, {
      graceMilliseconds: GRACE_MILLISECONDS,
      onMessage: (message, terminated) => this.#fromWorker(message, terminated),
      onUnwind: () => context.disable(),
    });
  }

  #receive(message: HostMessage): void {
    switch (message.type) {
      case 'start':
        return void this.#start(message);
      case 'execute':
        return void this.#execute(message);
      case 'input': {
        const question = this.#questions.get(message.request);
        this.#questions.delete(message.request);
        if (message.text !== undefined) question?.resolve(message.text);
        else question?.fail(message.reason ?? 'Nobody answered the question');
        return;
      }
      case 'request':
        return void this.#answer(message);
    }
  }

  #start(message: Extract<HostMessage, { type: 'start' }>): void {
    if (message.version !== PROTOCOL_VERSION) process.exit(2);
    process.chdir(message.directory);
    this.#modules = new Modules({
      directory: message.directory,
      notebook: message.notebook,
      preloaded: (specifier) => this.#toolkit.preloaded(specifier),
      bundles: (specifier) => Toolkit.bundle(specifier, dirname(this.file)),
    });
    const globals = {
      ...makeGlobals({
        fallback: () => this.#running ?? this.#last,
        ask: (execution, prompt, password) => this.#ask(execution, prompt, password),
      }),
      require: this.#modules.require,
      __dirname: message.directory,
      __filename: this.#modules.filename,
    };
    for (const [name, value] of Object.entries(globals)) {
      Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
    }
  }

  async #execute({ execution: id, cell, count, code }: Execute): Promise<void> {
    const execution = new Execution({
      id,
      cell,
      count,
      send: (execution, events) => this.#send({ type: 'output', execution, events }),
      congested: () => this.#unsent > CONGESTED,
    });
    this.#running = this.#last = execution;
    setRunning(id);
    this.#tensors?.begin();
    const about = { cell, count, source: code };
    try {
      const ran = await context.run(execution, () => this.#evaluate(execution, code));
      if (ran.bundle !== undefined) execution.result(await ran.bundle);
      await execution.settled();
      this.#finish(execution, execution.interrupted ? 'interrupted' : 'ok');
    } catch (error) {
      if (execution.status !== 'running') return;
      uninterrupted(() => execution.error(asCellError(error, about)));
      this.#finish(execution, execution.interrupted ? 'interrupted' : 'error');
    }
  }

  async #evaluate(execution: Execution, source: string): Promise<{ bundle?: ReturnType<typeof represent> }> {
    const cell = await transform(source, { known: this.#bindings });
    await this.#toolkit.prepare(cell.free, cell.imports);
    registerScript({ cell: execution.cell, count: execution.count, source, position: cell.position });
    const script = new Script(cell.code, {
      filename: scriptName(execution.count),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    const kinds = new Map(cell.declared.map(({ name, kind }) => [name, kind]));
    for (const name of cell.hoisted) this.#bindings.hoist(name);
    let value: unknown;
    const hidden: Record<(typeof HIDDEN)[number], unknown> = {
      declare: this.#bindings.declaring(kinds),
      fixed: this.#bindings.fixed,
      scope: this.#bindings.scope,
      load: (specifier: unknown, options?: ImportCallOptions) => this.#modules!.load(String(specifier), options),
      bind: this.#bind,
      meta: this.#modules!.meta,
      resumed: this.#resumed,
      result: (result: unknown) => {
        value = result;
      },
    };
    await (script.runInThisContext() as (...args: unknown[]) => Promise<void>)(...HIDDEN.map((name) => hidden[name]));
    if (value instanceof Promise) value = await value;
    return value === undefined || isHandle(value) ? {} : { bundle: represent(value) };
  }

  /** After each `await` of a cell: code of an interrupted one goes no further, even if what it waited for comes. */
  readonly #resumed = (value: unknown): unknown => {
    if (this.#abandoned && context.getStore()?.status === 'interrupted') throw new InterruptedError();
    return value;
  };

  /** Declares what an import statement names. */
  readonly #bind = (
    namespace: Record<string, unknown>,
    specifier: string,
    names: Record<string, string>,
    used: readonly string[],
    whole: string | null,
  ): void => {
    const kind: BindingKind = 'import';
    if (whole !== null) this.#bindings.declare(whole, namespace, kind);
    for (const [local, exported] of Object.entries(names)) {
      const value = exported === 'default' && !('default' in namespace) ? namespace : namespace[exported];
      if (exported !== 'default' && !(exported in namespace)) {
        // the name of a type, unless the cell uses it as a value
        if (!used.includes(local)) continue;
        throw new SyntaxError(`The module '${specifier}' has no export named '${exported}'`);
      }
      if (this.#modules!.isLive(namespace)) this.#bindings.declareLive(local, () => namespace[exported]);
      else this.#bindings.declare(local, value, kind);
    }
  };

  #finish(execution: Execution, status: 'ok' | 'error' | 'interrupted'): void {
    if (execution.status !== 'running') return;
    uninterrupted(() => {
      execution.status = status === 'interrupted' ? 'interrupted' : 'done';
      if (status === 'interrupted') {
        execution.clearTimers();
        this.#abandoned = true;
      }
      if (this.#running === execution) this.#running = undefined;
      setRunning(0);
      execution.flush(true);
      this.#send({
        type: 'done',
        execution: execution.id,
        status,
        milliseconds: performance.now() - execution.started,
      });
    });
  }

  /** An exception that nobody was there to catch: shown in the cell that its code came from. */
  #uncaught(error: unknown, origin: Execution | undefined): void {
    const execution = origin ?? this.#running ?? this.#last;
    if (execution === undefined || execution.interrupted) return;
    uninterrupted(() => {
      execution.error(asCellError(error));
      execution.flush();
    });
  }

  #fromWorker(message: WorkerMessage, terminated: string | undefined): void {
    if (terminated !== undefined) {
      // on again, after they were turned off for the termination
      context.run(undefined as never, () => undefined);
      this.#toolkit.afterTermination();
      this.#tensors?.repair();
    }
    const execution = this.#running;
    if (execution === undefined || execution.id !== message.execution) return;
    execution.interrupted = true;
    if (terminated !== undefined) execution.terminated = terminated;
    if (message.kind === 'interrupt') return void execution.abort();
    setRunning(0);
    const error = new InterruptedError();
    const trace = execution.terminated;
    if (trace) error.stack = `${error}\n${trace.split('\n').slice(2).join('\n')}`;
    execution.error(asCellError(error));
    const finish = (): void => this.#finish(execution, 'interrupted');
    if (this.#tensors === undefined) return void finish();
    execution.clearTimers();
    this.#tensors.abandon();
    this.#tensors.collect().then(finish);
  }

  #ask(execution: Execution, prompt: string, password: boolean): Promise<string> {
    const request = ++this.#question;
    // made here, so that it knows the cell's line
    const failure = new Error('Nobody answered the question');
    execution.flush();
    this.#send({ type: 'input', request, execution: execution.id, prompt, password });
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => {
        failure.stack = failure.stack?.replace(failure.message, reason);
        failure.message = reason;
        reject(failure);
      };
      this.#questions.set(request, { resolve, fail });
      execution.signal.addEventListener('abort', () => reject(new InterruptedError()), { once: true });
    });
  }

  async #answer({ request, subject, payload }: Extract<HostMessage, { type: 'request' }>): Promise<void> {
    try {
      this.#send({ type: 'response', request, value: await this.#reply(subject, payload) });
    } catch (error) {
      this.#send({ type: 'response', request, error: error instanceof Error ? error.message : String(error) });
    }
  }

  #reply(subject: string, payload: unknown): unknown {
    const channel = /^render:(.*)$/s.exec(subject)?.[1];
    const handler = channel === undefined ? undefined : this.#handlers.get(channel);
    if (handler !== undefined) return handler(payload);
    switch (subject) {
      case 'complete':
        return complete(parseCompleteRequest(payload), this.#bindings);
      case 'inspect':
        return inspectAt(parseCompleteRequest(payload), this.#bindings);
      case 'variables':
        return variables(this.#bindings);
      case 'engine':
        return this.#toolkit.engine();
    }
    const advice = channel === undefined ? 'it is no known subject' : 'run the cell that made the picture again';
    throw new Error(`Nothing here answers '${subject}': ${advice}`);
  }

  /** What the toolkit sees of the notebook (src/toolkit/host.ts). */
  #host(): object {
    const current = (): Execution | undefined => context.getStore() ?? this.#running ?? this.#last;
    return {
      display: (bundle: Record<string, unknown>) => {
        const execution = current();
        return execution === undefined ? { update: () => undefined } : showBundle(execution, bundle);
      },
      get signal() {
        return current()?.signal;
      },
      handle: (channel: string, handler: (payload: unknown) => unknown) => {
        this.#handlers.set(channel, handler);
        return { dispose: () => void this.#handlers.delete(channel) };
      },
      engineLoaded: (engine: never) => {
        this.#tensors?.begin();
        this.#send({ type: 'engine', engine });
      },
    };
  }
}
