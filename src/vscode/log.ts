import * as vscode from 'vscode';

/** The extension's output channel: what people are asked for when something does not work. */
export type Log = vscode.LogOutputChannel;

export function createLog(): Log {
  return vscode.window.createOutputChannel('Autoencoder Notebooks', { log: true });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
