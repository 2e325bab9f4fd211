import * as vscode from 'vscode';
import { activeNotebook, notebookOf } from './activeNotebook.ts';
import { command } from './contribution.ts';
import { engineStatus, installEngine, removeEngine } from './engineInstall.ts';
import { exportHtml } from './export.ts';
import { type Log, messageOf } from './log.ts';
import { newNotebook, openTutorial } from './newNotebook.ts';
import type { Sessions } from './sessions.ts';

/** Every command of the extension, in one table. */
export function registerCommands(sessions: Sessions, log: Log, extension: vscode.Uri): vscode.Disposable {
  const handlers: Record<string, (argument: unknown) => unknown> = {
    [command.newNotebook]: newNotebook,
    [command.openTutorial]: () => openTutorial(extension),
    [command.runAll]: (argument) => runAll(notebookOf(argument)),
    [command.interrupt]: (argument) => interrupt(notebookOf(argument)),
    [command.restart]: (argument) => restart(sessions, notebookOf(argument)),
    [command.restartAndRunAll]: async (argument) => {
      const notebook = notebookOf(argument);
      if (await restart(sessions, notebook)) await runAll(notebook);
    },
    [command.kernelMenu]: () => kernelMenu(sessions),
    [command.exportHtml]: (argument) => exportHtml(extension, argument),
    [command.engineStatus]: () => engineStatus(log),
    [command.installEngine]: () => installEngine(sessions, log),
    [command.removeEngine]: () => removeEngine(sessions),
    [command.showLog]: () => log.show(),
  };
  return vscode.Disposable.from(
    ...Object.entries(handlers).map(([id, handler]) =>
      vscode.commands.registerCommand(id, async (argument?: unknown) => {
        try {
          await handler(argument);
        } catch (error) {
          log.error(`${id}: ${error instanceof Error ? error.stack : error}`);
          void vscode.window.showErrorMessage(messageOf(error));
        }
      }),
    ),
  );
}

async function runAll(notebook: vscode.NotebookDocument | undefined): Promise<void> {
  if (notebook) await vscode.commands.executeCommand('notebook.execute', notebook.uri);
}

/** By VS Code's own command, so that its interrupt button and ours do the same. */
async function interrupt(notebook: vscode.NotebookDocument | undefined): Promise<void> {
  if (notebook) await vscode.commands.executeCommand('notebook.cancelExecution', undefined, notebook.uri);
}

/** @returns whether there was a notebook to do it for */
async function restart(sessions: Sessions, notebook: vscode.NotebookDocument | undefined): Promise<boolean> {
  if (!notebook) return false;
  await sessions.ensure(notebook);
  const location = { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Restarting the kernel') };
  await vscode.window.withProgress(location, () => sessions.restart(notebook));
  return true;
}

/** What the status bar item offers. */
async function kernelMenu(sessions: Sessions): Promise<void> {
  const notebook = activeNotebook();
  const session = notebook && sessions.get(notebook);
  const t = vscode.l10n.t;
  const items: (vscode.QuickPickItem & { command?: string })[] = [
    ...(session?.state === 'busy' ? [{ label: `$(debug-stop) ${t('Interrupt')}`, command: command.interrupt }] : []),
    { label: `$(debug-restart) ${t('Restart Kernel')}`, command: command.restart },
    { label: `$(run-all) ${t('Restart and Run All')}`, command: command.restartAndRunAll },
    { label: t('Engine'), kind: vscode.QuickPickItemKind.Separator },
    { label: `$(pulse) ${t('Engine Status')}`, command: command.engineStatus },
    { label: `$(cloud-download) ${t('Install the Native Engine…')}`, command: command.installEngine },
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    { label: `$(output) ${t('Show Log')}`, command: command.showLog },
  ];
  const picked = await vscode.window.showQuickPick(items, { title: t('Autoencoder kernel') });
  if (picked?.command) await vscode.commands.executeCommand(picked.command, notebook?.uri);
}
