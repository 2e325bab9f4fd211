import * as vscode from 'vscode';
import { type CellState, emptyCell, type OutputChange, reduce } from '../kernel/outputs.ts';
import type { OutputEvent } from '../kernel/protocol.ts';
import type { CellResult } from '../kernel/session.ts';
import { fromShown, streamItem } from './outputData.ts';
import { toApiItems, toApiOutput } from './serializer.ts';

/**
 * Shows what one run of a cell puts out. What changes is decided by the kernel's reducer; here each change becomes one
 * call of VS Code's API, in order. Events that come while a call is under way are taken together afterwards.
 *
 * Output that comes after the end (timers, promises) opens a short execution of its own with the timing of the first;
 * while the cell waits for its next run VS Code allows none, so it waits as well.
 */
export class OutputDriver {
  private state: CellState = emptyCell;
  private readonly outputs: vscode.NotebookCellOutput[] = [];
  private pending: OutputEvent[] = [];
  private applying: Promise<void> | undefined;
  private phase: 'waiting' | 'running' | 'ended' | 'replaced' = 'waiting';
  private count: number | null = null;
  private startTime: number | undefined;
  private result: CellResult | undefined;
  private endTime: number | undefined;

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
    for (const event of events) this.pending.push(event);
    this.pump();
  }

  /** The run is over; a run that never started leaves the cell's former outputs. */
  async ended(result: CellResult): Promise<void> {
    while (this.applying) await this.applying;
    this.phase = 'ended';
    this.result = result;
    this.endTime = this.startTime === undefined ? undefined : this.startTime + result.milliseconds;
    this.execution.end(success(result), this.endTime);
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

  /** Waits until late output that is being shown is there; a new run may begin only then. */
  async settled(): Promise<void> {
    while (this.applying) await this.applying;
  }

  private pump(): void {
    if (this.applying || this.pending.length === 0) return;
    this.applying = this.apply().finally(() => {
      this.applying = undefined;
    });
  }

  private async apply(): Promise<void> {
    // a kernel that cannot start says so before the cell has begun
    if (this.phase === 'waiting') this.started(undefined, Date.now());
    const late = this.phase === 'ended';
    if (late) {
      const execution = this.reopen();
      if (!execution) return;
      this.execution = execution;
      execution.executionOrder = this.count ?? undefined;
      execution.start(this.startTime);
    }
    while (this.pending.length > 0) {
      const events = this.pending;
      this.pending = [];
      await this.show(events);
    }
    if (late) this.execution.end(this.result && success(this.result), this.endTime);
  }

  private async show(events: readonly OutputEvent[]): Promise<void> {
    // the user may clear the outputs of a running cell: then what comes next is the first
    if (this.outputs.length > 0 && this.execution.cell.outputs.length === 0) {
      this.outputs.length = 0;
      this.state = emptyCell;
    }
    const calls: Thenable<void>[] = [];
    for (const event of events) {
      const { cell, changes } = reduce(this.state, event);
      this.state = cell;
      for (const change of changes) calls.push(this.perform(change));
    }
    // a notebook that was closed meanwhile refuses them; there is nobody to show anything to
    await Promise.all(calls).catch(() => undefined);
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
