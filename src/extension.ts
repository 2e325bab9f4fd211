import * as vscode from 'vscode';
import { registerCellIds } from './vscode/cellIds.ts';
import { registerClosedTabs } from './vscode/closedTabs.ts';
import { registerCommands } from './vscode/commands.ts';
import { registerController } from './vscode/controller.ts';
import { createLog } from './vscode/log.ts';
import { registerRendererMessaging } from './vscode/rendererMessaging.ts';
import { registerSavedUntitled } from './vscode/savedUntitled.ts';
import { registerSerializer } from './vscode/serializer.ts';
import { Sessions } from './vscode/sessions.ts';
import { registerSettings } from './vscode/settings.ts';
import { registerStatusBar } from './vscode/statusBar.ts';

let sessions: Sessions | undefined;

/** Makes the parts and wires them. Nothing runs before a cell does. */
export function activate({ extensionUri, subscriptions }: vscode.ExtensionContext): void {
  const log = createLog();
  sessions = new Sessions(vscode.Uri.joinPath(extensionUri, 'dist', 'kernel.js').fsPath, log);
  subscriptions.push(
    log,
    registerSerializer(),
    registerCellIds(),
    registerController(sessions, log),
    registerRendererMessaging(sessions),
    registerSavedUntitled(sessions),
    registerClosedTabs(sessions),
    registerStatusBar(sessions),
    registerSettings(sessions, log),
    registerCommands(sessions, log, extensionUri),
  );
}

/** Kernels end with VS Code. */
export async function deactivate(): Promise<void> {
  await sessions?.dispose();
}
