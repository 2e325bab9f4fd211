import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { parseEnv } from 'node:util';
import * as vscode from 'vscode';
import type { SessionOptions } from '../kernel/session.ts';
import { configuration } from './contribution.ts';
import { type Log, messageOf } from './log.ts';
import { chooseNode, searchHere } from './nodeChoice.ts';

/** What a notebook's kernel is started with, from the settings and from where the notebook lies. */
export type KernelOptions = Pick<SessionOptions, 'directory' | 'notebook' | 'node' | 'engine' | 'environment'>;

/** @throws Error when a setting names something that is not there */
export async function kernelOptions(notebook: vscode.NotebookDocument, log: Log): Promise<KernelOptions> {
  const settings = vscode.workspace.getConfiguration(configuration.section, notebook.uri);
  const node = await chooseNode(searchHere(settings.get(configuration.node, '').trim()), vscode.l10n.t);
  const source = { setting: 'the setting aenb.node', path: 'the PATH', editor: 'the editor' }[node.source];
  log.info(`kernels run on Node ${node.version} of ${source}: ${node.executable}`);
  const onDisk = notebook.uri.scheme === 'file';
  const folder = vscode.workspace.getWorkspaceFolder(notebook.uri) ?? vscode.workspace.workspaceFolders?.[0];
  const workspace = folder?.uri.scheme === 'file' ? folder.uri.fsPath : homedir();
  return {
    directory: onDisk ? dirname(notebook.uri.fsPath) : workspace,
    notebook: onDisk ? notebook.uri.fsPath : undefined,
    node: node.executable,
    engine: settings.get<SessionOptions['engine']>(configuration.engine, 'auto'),
    environment: {
      ...(await environmentFile(settings.get(configuration.environmentFile, '').trim(), workspace)),
      ...node.environment,
      ...threadsOf(settings.get(configuration.threads, 0)),
    },
  };
}

/** As the engines read it; none where each is to choose. */
function threadsOf(threads: number): Record<string, string> {
  return Number.isInteger(threads) && threads > 0 ? { AENB_THREADS: String(threads) } : {};
}

/** Variables from the file that the setting names; relative paths begin in the workspace's folder. */
async function environmentFile(setting: string, workspace: string): Promise<Record<string, string>> {
  if (!setting) return {};
  const path = isAbsolute(setting) ? setting : join(workspace, setting);
  try {
    return parseEnv(await readFile(path, 'utf8')) as Record<string, string>;
  } catch (error) {
    throw new Error(vscode.l10n.t('aenb.environmentFile cannot be read: {0}', messageOf(error)));
  }
}
