import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import { Session } from '../kernel/session.ts';
import { NOTEBOOK_TYPE } from './contribution.ts';
import { type KernelOptions, kernelOptions } from './kernelOptions.ts';
import type { Log } from './log.ts';

/** The kernels: one for each open notebook that has run a cell, ended when the notebook closes (see closedTabs.ts). */
export class Sessions implements vscode.Disposable {
  private readonly sessions = new Map<vscode.NotebookDocument, { session: Session; options: KernelOptions }>();
  private readonly changed = new vscode.EventEmitter<vscode.NotebookDocument>();
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly kernelPath: string,
    private readonly log: Log,
  ) {}

  get(notebook: vscode.NotebookDocument): Session | undefined {
    return this.sessions.get(notebook)?.session;
  }

  /** The notebook's session, made now if it has none. No process starts before the first cell runs. */
  async ensure(notebook: vscode.NotebookDocument): Promise<Session> {
    // also asked by VS Code before it runs a cell; here it guards every other road to a kernel
    if (!vscode.workspace.isTrusted) throw new Error(vscode.l10n.t('Kernels start only in a trusted workspace.'));
    if (notebook.notebookType !== NOTEBOOK_TYPE) throw new Error(`not an ${NOTEBOOK_TYPE} notebook: ${notebook.uri}`);
    const existing = this.get(notebook);
    if (existing) return existing;
    const options = await kernelOptions(notebook, this.log);
    return this.get(notebook) ?? this.create(notebook, options);
  }

  /** A clean process for the notebook, with the settings as they are now. */
  async restart(notebook: vscode.NotebookDocument): Promise<void> {
    const options = await kernelOptions(notebook, this.log);
    const current = this.sessions.get(notebook);
    if (current && isDeepStrictEqual(current.options, options)) return current.session.restart();
    await this.end(notebook);
    await this.create(notebook, options).restart();
  }

  /** Notebooks whose kernel was started with other settings than the present ones. */
  async outdated(): Promise<vscode.NotebookDocument[]> {
    const notebooks: vscode.NotebookDocument[] = [];
    for (const [notebook, { session, options }] of this.sessions) {
      if (session.state === 'stopped') continue;
      if (!isDeepStrictEqual(await kernelOptions(notebook, this.log), options)) notebooks.push(notebook);
    }
    return notebooks;
  }

  /** Notebooks that have run a cell, whether or not their kernel still lives. */
  notebooks(): vscode.NotebookDocument[] {
    return [...this.sessions.keys()];
  }

  /** Notebooks with a kernel process. */
  running(): vscode.NotebookDocument[] {
    return [...this.sessions].filter(([, { session }]) => session.pid !== undefined).map(([notebook]) => notebook);
  }

  async end(notebook: vscode.NotebookDocument): Promise<void> {
    const entry = this.sessions.get(notebook);
    if (!entry) return;
    this.sessions.delete(notebook);
    await entry.session.dispose();
    this.changed.fire(notebook);
  }

  /** Moves a kernel to the document that an unsaved notebook became when it was saved. */
  move(from: vscode.NotebookDocument, to: vscode.NotebookDocument): void {
    const entry = this.sessions.get(from);
    if (!entry || this.sessions.has(to)) return;
    this.sessions.delete(from);
    this.sessions.set(to, entry);
    entry.session.onDidChange(() => this.changed.fire(to));
    this.changed.fire(to);
  }

  dispose(): Promise<void> {
    this.changed.dispose();
    return this.endAll();
  }

  private async endAll(): Promise<void> {
    await Promise.all([...this.sessions.values()].map(({ session }) => session.dispose()));
    this.sessions.clear();
  }

  private create(notebook: vscode.NotebookDocument, options: KernelOptions): Session {
    const session = new Session({ ...options, kernelPath: this.kernelPath, onInput: askUser });
    this.sessions.set(notebook, { session, options });
    session.onDidChange(() => {
      this.log.debug(`kernel of ${notebook.uri.path}: ${session.state}, process ${session.pid ?? 'none'}`);
      this.changed.fire(notebook);
    });
    return session;
  }
}

/** `await input('Name?')` in a cell. */
async function askUser(request: { prompt: string; password: boolean }, signal: AbortSignal) {
  const source = new vscode.CancellationTokenSource();
  signal.addEventListener('abort', () => source.cancel());
  const { prompt, password } = request;
  return vscode.window.showInputBox({ prompt, password, ignoreFocusOut: true }, source.token);
}
