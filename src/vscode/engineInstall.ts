import * as vscode from 'vscode';
import { type InstallProgress, install, plan, remove, status } from '../engine/install/index.ts';
import { command } from './contribution.ts';
import { type Log, messageOf } from './log.ts';
import type { Sessions } from './sessions.ts';

const t = vscode.l10n.t;

/** Prepares the native engine after asking: says first what it downloads and keeps. */
export async function installEngine(sessions: Sessions, log: Log): Promise<void> {
  const { road, installed, downloadBytes, diskBytes, folder, reasons } = await plan();
  for (const reason of reasons) log.info(reason);
  if (installed) return engineStatus(log);
  if (road === 'none') {
    const detail = [...reasons, t('Training goes on with the engine that comes with the extension.')].join('\n\n');
    await vscode.window.showWarningMessage(t('The native engine cannot be installed here.'), { modal: true, detail });
    return;
  }
  const go = t('Install');
  const detail = t(
    'It trains many times faster than the built-in one. Download: {0}. On disk: {1}, in {2}.',
    megabytes(downloadBytes),
    megabytes(diskBytes),
    folder,
  );
  const question = t('Install the native TensorFlow engine?');
  if ((await vscode.window.showInformationMessage(question, { modal: true, detail }, go)) !== go) return;

  try {
    const seconds = await withProgress(log);
    if (seconds === undefined) return;
    log.info(`native engine installed in ${folder}, ${seconds.toFixed(0)} s`);
    await offerRestart(sessions, t('The native engine is installed.'));
  } catch (error) {
    log.error(messageOf(error));
    const show = t('Show Log');
    const failed = t('The native engine could not be installed: {0}', messageOf(error));
    if ((await vscode.window.showErrorMessage(failed, show)) === show) log.show();
  }
}

/** @returns seconds, or undefined when the user cancelled */
function withProgress(log: Log): Thenable<number | undefined> {
  const options = { location: vscode.ProgressLocation.Notification, title: t('Native engine'), cancellable: true };
  return vscode.window.withProgress(options, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    let shown = 0;
    let step: string | undefined;
    const onProgress = (now: InstallProgress) => {
      if (now.step !== step) log.info(`native engine: ${now.step} ${now.detail ?? ''}`);
      step = now.step;
      const total = percentOf(now);
      progress.report({ message: describeStep(now), increment: Math.max(0, total - shown) });
      shown = Math.max(shown, total);
    };
    try {
      return (await install({ onProgress, signal: abort.signal })).seconds;
    } catch (error) {
      if (abort.signal.aborted) return undefined;
      throw error;
    }
  });
}

/** How far the whole is, from the share that each step usually has of the time. */
function percentOf({ step, fraction = 0 }: InstallProgress): number {
  const [begin, end] = {
    waiting: [0, 0],
    downloading: [0, 50],
    unpacking: [50, 70],
    compiling: [70, 95],
    testing: [95, 100],
  }[step];
  return begin! + (end! - begin!) * fraction;
}

function describeStep({ step, fraction, detail }: InstallProgress): string {
  const words = {
    waiting: t('waiting for another installation'),
    downloading: t('downloading'),
    unpacking: t('unpacking'),
    compiling: t('compiling'),
    testing: t('testing'),
  }[step];
  if (fraction !== undefined) return `${words} ${Math.round(fraction * 100)} %`;
  return detail ? `${words} (${detail})` : words;
}

export async function removeEngine(sessions: Sessions): Promise<void> {
  const go = t('Remove');
  const question = t('Remove the native engine from this computer?');
  const detail = t('Training goes on with the engine that comes with the extension.');
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, go)) !== go) return;
  const { freedBytes } = await remove();
  await offerRestart(sessions, t('The native engine was removed, {0} are free again.', megabytes(freedBytes)));
}

export async function engineStatus(log: Log): Promise<void> {
  const location = { location: vscode.ProgressLocation.Window, title: t('Trying the native engine') };
  const report = await vscode.window.withProgress(location, () => status());
  for (const [name, value] of Object.entries(report)) log.info(`engine ${name}: ${value}`);
  if (report.works) {
    const { version = '?', threads = 0, gigaflops = 0, folder } = report;
    await vscode.window.showInformationMessage(
      t(
        'The native engine works: TensorFlow {0}, threads: {1}, {2} billion operations a second in a matrix product. It lies in {3}.',
        version,
        threads,
        Math.round(gigaflops),
        folder,
      ),
    );
    return;
  }
  const reason = report.installed ? (report.reason ?? '') : t('it is not installed');
  const offer = t('Install…');
  const message = t('The native engine is not in use: {0}. Training uses what comes with the extension.', reason);
  if ((await vscode.window.showInformationMessage(message, offer)) === offer) {
    await vscode.commands.executeCommand(command.installEngine);
  }
}

/** An engine is chosen when a kernel starts. */
async function offerRestart(sessions: Sessions, message: string): Promise<void> {
  const running = sessions.running();
  if (running.length === 0) return void vscode.window.showInformationMessage(message);
  const restart = t('Restart Kernel');
  const whole = `${message} ${t('Running kernels use the other engine after a restart.')}`;
  if ((await vscode.window.showInformationMessage(whole, restart)) !== restart) return;
  await Promise.all(running.map((notebook) => sessions.restart(notebook)));
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
