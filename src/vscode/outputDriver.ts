import * as vscode from 'vscode';
import { type CellState, emptyCell, type OutputChange, reduce } from '../kernel/outputs.ts';
import type { OutputEvent } from '../kernel/protocol.ts';
import type { CellResult } from '../kernel/session.ts';
import { fromShown, streamItem } from './outputData.ts';
import { toApiItems, toApiOutput } from './serializer.ts';

/** Batches of changes that VS Code may have before it; what comes meanwhile is taken together. */
const MAX_UNCONFIRMED = 3;

/**
 * Shows what one run of a cell puts out. What changes is decided by the kernel's reducer; here each change becomes one
 * call of VS Code's API, in order. A window that cannot keep up gets fewer and larger changes.
 *
 * Output that comes after the end (timers, promises) opens a short execution of its own with the timing of the first;
 * while the cell waits for its next run VS Code allows none, so it waits as well.
 */
export class OutputDriver {
  private state: CellState = emptyCell;
  private readonly outputs: vscode.NotebookCellOutput[] = [];
  private pending: OutputEvent[] = [];
  private unconfirmed = 0;
  private confirmed: Promise<void> = Promise.resolve();
  private phase: 'waiting' | 'running' | 'ended' | 'replaced' = 'waiting';
  private count: number | null = null;
  private startTime: number | undefined;
  private result: CellResult | undefined;

  /**
   * @param execution of the run that has been asked for
   * @param reopen makes an execution for late output; undefined while the cell waits for another run
   */
  constructor(
    private execution: vscode.NotebookCellExecution,
    private readonly reopen: () => vscode.NotebookCellExecution | undefined,
  ) {}

  /** @param count the n of In[n]; none where the kernel could not be started */
  started(count: number | undefined, time: number): void {
    this.phase = 'running';
    this.count = count ?? null;
    this.startTime = time;
    this.execution.executionOrder = count;
    this.execution.start(time);
    void this.execution.clearOutput();
  }

  events(events: readonly OutputEvent[]): void {
    if (this.phase === 'replaced') return;
    // a kernel that cannot start says so before the cell has begun
    if (this.phase === 'waiting') this.started(undefined, Date.now());
    for (const event of events) this.pending.push(event);
    this.pump();
  }

  /** The run is over; a run that never started leaves the cell's former outputs. */
  async ended(result: CellResult): Promise<void> {
    while (this.pending.length > 0) await this.confirmed;
    this.phase = 'ended';
    this.result = result;
    this.end();
  }

  /** Output of timers that waited because the cell was queued again, when that came to nothing. */
  resume(): void {
    this.pump();
  }

  /** Another run of the cell has begun and cleared its outputs: what this one still says has no place. */
  replace(): void {
    this.phase = 'replaced';
    this.pending = [];
  }

  private end(): void {
    const endTime = this.startTime === undefined ? undefined : this.startTime + (this.result?.milliseconds ?? 0);
    this.execution.end(this.result && success(this.result), endTime);
  }

  private pump(): void {
    if (this.pending.length === 0 || this.unconfirmed >= MAX_UNCONFIRMED) return;
    const late = this.phase === 'ended';
    if (late && !this.startLate()) return;
    const events = this.pending;
    this.pending = [];
    const calls = this.show(events);
    if (late) this.end();
    this.unconfirmed++;
    // a notebook that was closed meanwhile refuses them; there is nobody to show anything to
    this.confirmed = Promise.allSettled(calls).then(() => {
      this.unconfirmed--;
      this.pump();
    });
  }

  private startLate(): boolean {
    const execution = this.reopen();
    if (!execution) return false;
    this.execution = execution;
    execution.executionOrder = this.count ?? undefined;
    execution.start(this.startTime);
    return true;
  }

  private show(events: readonly OutputEvent[]): Thenable<void>[] {
    // the user may clear the outputs of a running cell: then what comes next is the first
    if (this.unconfirmed === 0 && this.outputs.length > 0 && this.execution.cell.outputs.length === 0) {
      this.outputs.length = 0;
      this.state = emptyCell;
    }
    const calls: Thenable<void>[] = [];
    for (const event of events) {
      const { cell, changes } = reduce(this.state, event);
      this.state = cell;
      for (const change of changes) calls.push(this.perform(change));
    }
    return calls;
  }

  private perform(change: OutputChange): Thenable<void> {
    switch (change.kind) {
      case 'append': {
        const output = toApiOutput(fromShown(change.output, this.count));
        this.outputs.push(output);
        return this.execution.appendOutput(output);
      }
      case 'appendText': {
        const shown = this.state.outputs[change.index];
        const name = shown?.kind === 'stream' ? shown.name : 'stdout';
        const { mime, data } = streamItem(name, change.text);
        return this.execution.appendOutputItems(
          new vscode.NotebookCellOutputItem(data, mime),
          this.outputs[change.index]!,
        );
      }
      case 'replace':
        return this.execution.replaceOutputItems(
          toApiItems(fromShown(change.output, this.count)),
          this.outputs[change.index]!,
        );
      case 'clear':
        this.outputs.length = 0;
        return this.execution.clearOutput();
    }
  }
}

/** VS Code's tick, cross, or neither for a cell that was cancelled before it ran. */
function success({ status }: CellResult): boolean | undefined {
  return status === 'cancelled' ? undefined : status === 'ok';
}
