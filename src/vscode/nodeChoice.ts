import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Translate } from './translate.ts';

/** The oldest Node that the kernel runs on. */
export const OLDEST_NODE = '20.19.0';

/** The Node that runs kernels, and why this one. */
export interface NodeChoice {
  readonly executable: string;
  readonly version: string;
  readonly source: 'setting' | 'path' | 'editor';
  /** What its process needs beside the usual environment. */
  readonly environment: Record<string, string>;
}

/** What a choice depends on; everything about this machine comes in here. */
export interface NodeSearch {
  /** The setting; empty means to search. */
  readonly setting: string;
  readonly path: string;
  readonly platform: NodeJS.Platform;
  /** The program that runs the extension: VS Code's own Electron, or a remote server's Node. */
  readonly editor: { readonly executable: string; readonly version: string };
  exists(file: string): Promise<boolean>;
  /** The version without its v, or undefined where the file is no Node that starts. */
  versionOf(executable: string): Promise<string | undefined>;
}

/**
 * The setting's Node; else the first on the PATH that is new enough; else the one inside VS Code.
 * @throws Error when the setting names something that cannot run kernels
 */
export async function chooseNode(search: NodeSearch, t: Translate): Promise<NodeChoice> {
  if (search.setting) {
    const version = await search.versionOf(search.setting);
    if (version === undefined) {
      throw new Error(
        t('aenb.node must be the path of a Node.js program, got {0}, which does not run as one', search.setting),
      );
    }
    if (!isNewEnough(version)) {
      throw new Error(t('aenb.node must be Node.js {0} or newer, got {1} ({2})', OLDEST_NODE, version, search.setting));
    }
    return { executable: search.setting, version, source: 'setting', environment: {} };
  }
  const name = search.platform === 'win32' ? 'node.exe' : 'node';
  for (const folder of search.path.split(delimiter)) {
    const executable = join(folder, name);
    if (!folder || !(await search.exists(executable))) continue;
    const version = await search.versionOf(executable);
    if (version !== undefined && isNewEnough(version)) {
      return { executable, version, source: 'path', environment: {} };
    }
  }
  // without this variable Electron would open a window
  const environment = { ELECTRON_RUN_AS_NODE: '1' };
  return { ...search.editor, source: 'editor', environment };
}

/** Compares dotted versions by their numbers. */
export function isNewEnough(version: string, oldest = OLDEST_NODE): boolean {
  const [a, b] = [version, oldest].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)));
  for (let i = 0; i < 3; i++) if (a![i] !== b![i]) return a![i]! > b![i]!;
  return true;
}

/** The search on this machine. */
export function searchHere(setting: string): NodeSearch {
  return {
    setting,
    path: process.env.PATH ?? '',
    platform: process.platform,
    editor: { executable: process.execPath, version: process.versions.node },
    exists: (file) =>
      access(file, constants.X_OK).then(
        () => true,
        () => false,
      ),
    versionOf: (executable) =>
      new Promise((resolve) => {
        // a shim on the PATH may do anything, so it gets ten seconds
        execFile(executable, ['--version'], { timeout: 10_000 }, (error, stdout) => {
          resolve(error ? undefined : /^v(\d+\.\d+\.\d+)/.exec(stdout)?.[1]);
        });
      }),
  };
}
