import * as vscode from 'vscode';
import type { CellResult, Session } from '../kernel/session.ts';
import { type NotebookCell, tagsOf } from '../notebook/index.ts';
import { ensureCellIds, idOf } from './cellIds.ts';
import { CONTROLLER_ID, command, LANGUAGE, NOTEBOOK_TYPE } from './contribution.ts';
import { type Log, messageOf } from './log.ts';
import { OutputDriver } from './outputDriver.ts';
import type { Sessions } from './sessions.ts';

/** Runs cells: each notebook's cells one after the other in its session, until one fails. */
export function registerController(sessions: Sessions, log: Log): vscode.Disposable {
  const controller = vscode.notebooks.createNotebookController(CONTROLLER_ID, NOTEBOOK_TYPE, 'TypeScript');
  controller.supportedLanguages = [LANGUAGE];
  controller.supportsExecutionOrder = true;
  controller.description = vscode.l10n.t('Autoencoder Notebooks');
  controller.detail = vscode.l10n.t('TypeScript on Node.js, with the autoencoder toolkit loaded');

  /** The newest run of each cell, which owns the cell's outputs. */
  const latest = new WeakMap<vscode.NotebookCell, OutputDriver>();
  const queued = new WeakSet<vscode.NotebookCell>();
  /** Requests to run reach the session in the order in which they were made. */
  let submitted: Promise<unknown> = Promise.resolve();

  /** Hands cells to the session, in order. @returns the end of their runs */
  async function submit(cells: vscode.NotebookCell[], notebook: vscode.NotebookDocument): Promise<Promise<unknown>[]> {
    await ensureCellIds(notebook);
    cells = cells.filter((cell) => !isGone(cell));
    for (const cell of cells) queued.add(cell);
    const runs = cells.map((cell) => {
      const create = () => controller.createNotebookCellExecution(cell);
      const reopen = () => (queued.has(cell) || isGone(cell) ? undefined : create());
      return { cell, driver: new OutputDriver(create(), reopen) };
    });
    try {
      const session = await sessions.ensure(notebook);
      return runs.map(({ cell, driver }) => run(session, cell, driver));
    } catch (error) {
      log.error(messageOf(error));
      return runs.map(({ cell, driver }, i) => finish(cell, driver, i === 0 ? refuse(driver, error) : cancelled));
    }
  }

  async function run(session: Session, cell: vscode.NotebookCell, driver: OutputDriver): Promise<void> {
    const former = latest.get(cell);
    const continueOnError = tagsOf({ metadata: cell.metadata.metadata ?? {} } as NotebookCell).includes(
      'raises-exception',
    );
    const result = await session.execute(
      { id: idOf(cell), code: cell.document.getText(), continueOnError },
      {
        started(count, time) {
          former?.replace();
          latest.set(cell, driver);
          driver.started(count, time);
        },
        events: (events) => driver.events(events),
      },
    );
    await finish(cell, driver, result);
    // asked for again but never run: the former run's late output may show now
    if (latest.get(cell) === former) former?.resume();
    if (result.status === 'crashed') {
      const message = vscode.l10n.t('The kernel has ended and its variables are lost. The cell that ran says why.');
      void offerRestart(message, cell.notebook);
    }
  }

  async function finish(cell: vscode.NotebookCell, driver: OutputDriver, result: CellResult): Promise<void> {
    await driver.ended(result);
    queued.delete(cell);
  }

  controller.executeHandler = async (cells, notebook) => {
    const wanted = cells.filter((cell) => cell.document.getText().trim() !== '' && !queued.has(cell));
    const runs = submitted.then(() => submit(wanted, notebook));
    submitted = runs.catch((error) => log.error(messageOf(error)));
    await Promise.all(await runs);
  };

  controller.interruptHandler = async (notebook) => {
    const outcome = await sessions.get(notebook)?.interrupt();
    if (outcome === 'unresponsive') {
      void offerRestart(
        vscode.l10n.t('The running cell does not stop. A restart ends it and loses all variables.'),
        notebook,
      );
    }
  };

  async function offerRestart(reason: string, notebook: vscode.NotebookDocument): Promise<void> {
    const restart = vscode.l10n.t('Restart Kernel');
    if ((await vscode.window.showWarningMessage(reason, restart)) === restart) {
      await vscode.commands.executeCommand(command.restart, notebook.uri);
    }
  }

  return controller;
}

/** Deleted, or its notebook closed. */
function isGone(cell: vscode.NotebookCell): boolean {
  return cell.index < 0 || cell.notebook.isClosed;
}

const cancelled: CellResult = { status: 'cancelled', milliseconds: 0 };

/** A kernel that cannot start is the cell's error, like any other. */
function refuse(driver: OutputDriver, error: unknown): CellResult {
  const message = messageOf(error);
  const shown = { name: 'Error', message, stack: `Error: ${message}` };
  driver.events([{ kind: 'error', error: shown }]);
  return { status: 'error', milliseconds: 0, error: shown };
}
