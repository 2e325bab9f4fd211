import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { packageVsix } from '../../scripts/package.mjs';
import { installExtension, startVsCode } from '../../scripts/setup/vscode.mjs';
import { launchBrowser, Workbench } from './workbench.ts';

/** What keeps VS Code's own novelties out of the pictures and the network out of the tests. */
const settings = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'files.autoSave': 'off',
  'files.simpleDialog.enable': true,
  'security.workspace.trust.startupPrompt': 'never',
  'telemetry.telemetryLevel': 'off',
  'window.commandCenter': false,
  'workbench.colorTheme': 'Light Modern',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

/** VS Code with the extension installed from its VSIX, in folders of its own. */
export class Environment {
  private constructor(
    readonly browser: Browser,
    private readonly root: string,
    private readonly vsix: string,
    private readonly stops: (() => Promise<void>)[],
  ) {}

  static async create(): Promise<Environment> {
    const root = await mkdtemp(join(tmpdir(), 'aenb-e2e-'));
    const vsix = process.env.AENB_VSIX ?? (await packageVsix());
    return new Environment(await launchBrowser(), root, vsix, []);
  }

  /** Serves an empty folder, with a user of its own. */
  async serve(options: { name: string; trust?: boolean }): Promise<Server> {
    const [folder, userDataDir, extensionsDir] = ['folder', 'user', 'extensions'].map((part) =>
      join(this.root, options.name, part),
    ) as [string, string, string];
    await mkdir(folder, { recursive: true });
    await mkdir(join(userDataDir, 'User'), { recursive: true });
    await writeFile(join(userDataDir, 'User', 'settings.json'), JSON.stringify(settings));
    await installExtension({ vsix: this.vsix, extensionsDir, userDataDir });
    const server = await startVsCode({ folder, extensionsDir, userDataDir, trust: options.trust });
    this.stops.push(server.stop);
    return {
      folder,
      pid: server.pid,
      open: (window) => Workbench.start(this.browser, server.url, folder, window),
    };
  }

  async dispose(): Promise<void> {
    await this.browser.close();
    await Promise.all(this.stops.map((stop) => stop()));
    await rm(this.root, { recursive: true, force: true });
  }
}

export interface Server {
  readonly folder: string;
  readonly pid: number;
  open(window?: { locale?: string }): Promise<Workbench>;
}
