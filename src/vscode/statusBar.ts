import * as vscode from 'vscode';
import { activeNotebook } from './activeNotebook.ts';
import { command } from './contribution.ts';
import { describeKernel } from './kernelStatus.ts';
import type { Sessions } from './sessions.ts';

/** Kernel state and engine of the notebook in the active editor; a click shows what can be done with it. */
export function registerStatusBar(sessions: Sessions): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('aenb.kernel', vscode.StatusBarAlignment.Right, 100);
  item.name = vscode.l10n.t('Autoencoder kernel');
  item.command = command.kernelMenu;

  function refresh(): void {
    const notebook = activeNotebook();
    if (!notebook) {
      item.hide();
      return;
    }
    const status = describeKernel(sessions.get(notebook), vscode.l10n.t);
    item.text = status.text;
    item.tooltip = new vscode.MarkdownString(status.tooltip);
    item.accessibilityInformation = { label: status.tooltip.replaceAll('\n\n', ', '), role: 'button' };
    item.backgroundColor = status.warning ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    item.show();
  }

  refresh();
  return vscode.Disposable.from(
    item,
    sessions.onDidChange(refresh),
    vscode.window.onDidChangeActiveNotebookEditor(refresh),
  );
}
