type Log = (line: string) => void;
export function ensureVsCode(options?: { log?: Log }): Promise<{ node: string; entry: string }>;
export function installExtension(options: {
  vsix: string;
  extensionsDir: string;
  userDataDir: string;
  log?: Log;
}): Promise<void>;
export function startVsCode(options: {
  folder: string;
  extensionsDir: string;
  userDataDir: string;
  trust?: boolean;
  log?: Log;
}): Promise<{ url: string; pid: number; stop(): Promise<void> }>;
