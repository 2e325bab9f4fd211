import { type CellOutput, emptyCell, reduce } from '../kernel/outputs.ts';
import type { OutputEvent } from '../kernel/protocol.ts';
import { type NotebookCell, toOutput } from '../notebook/index.ts';

/** Writes what a running cell shows into its notebook cell: the command line's counterpart of the editor. */
export class CellDocument {
  private state = emptyCell;

  constructor(private readonly cell: NotebookCell) {
    cell.outputs = [];
    cell.execution_count = null;
  }

  started(count: number): void {
    this.cell.execution_count = count;
  }

  apply(events: readonly OutputEvent[]): void {
    for (const event of events) this.state = reduce(this.state, event).cell;
  }

  /** Brings the notebook cell up to date. */
  save(): void {
    this.cell.outputs = this.state.outputs.map((output) => toOutput(output, this.cell.execution_count ?? null));
  }

  /** The pictures as they stand, in the order in which the cell shows them. */
  displays(): Extract<CellOutput, { kind: 'display' }>[] {
    return this.state.outputs.filter((output) => output.kind === 'display');
  }
}
