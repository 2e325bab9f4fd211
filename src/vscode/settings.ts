import * as vscode from 'vscode';
import { configuration } from './contribution.ts';
import { type Log, messageOf } from './log.ts';
import type { Sessions } from './sessions.ts';

/** A kernel is started with the settings of its time: when they change, running ones are restarted, after asking. */
export function registerSettings(sessions: Sessions, log: Log): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration(async (event) => {
    const { section, node, engine, threads, environmentFile } = configuration;
    if (![node, engine, threads, environmentFile].some((name) => event.affectsConfiguration(`${section}.${name}`)))
      return;
    try {
      const outdated = await sessions.outdated();
      if (outdated.length === 0) return;
      const restart = vscode.l10n.t('Restart Kernel');
      const message = vscode.l10n.t(
        'The kernel settings have changed. They apply after a restart, which loses all variables.',
      );
      if ((await vscode.window.showInformationMessage(message, restart)) !== restart) return;
      await Promise.all(outdated.map((notebook) => sessions.restart(notebook)));
    } catch (error) {
      log.error(messageOf(error));
      void vscode.window.showErrorMessage(messageOf(error));
    }
  });
}
