/** `vscode.l10n.t`, handed to what decides without VS Code which words are shown. */
export type Translate = (message: string, ...values: (string | number)[]) => string;
