import { createInterface } from 'node:readline/promises';
import { type EngineReport, type InstallProgress, install, plan, remove, status } from '../engine/install/index.ts';
import { EXIT } from './failure.ts';

/** Says what is there of the native engine, and proves it with a matrix product. */
export async function engineStatus(options: { json?: boolean }): Promise<number> {
  const report = await status();
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : describeReport(report));
  return report.installed && !report.works ? 1 : EXIT.ok;
}

function describeReport(report: EngineReport): string {
  const head = report.works ? 'works' : report.installed ? 'installed, but does not work' : 'not installed';
  const rows: [string, string | undefined][] = [
    ['native engine', head],
    ['reason', report.reason],
    ['own kernels', report.kernels.join(', ') || 'none for this platform'],
    ['TensorFlow', report.version],
    ['threads', report.threads?.toString()],
    [
      'matrix product',
      report.matrixProductSeconds === undefined
        ? undefined
        : `1024 x 1024 in ${(report.matrixProductSeconds * 1000).toFixed(1)} ms, ${report.gigaflops?.toFixed(0)} GFLOPS`,
    ],
    ['loads in', report.loadSeconds === undefined ? undefined : `${report.loadSeconds.toFixed(2)} s`],
    ['folder', report.folder],
    ['on disk', report.bytes === undefined ? undefined : megabytes(report.bytes)],
    ['unfinished', report.unfinishedBytes === undefined ? undefined : `${megabytes(report.unfinishedBytes)} on disk`],
    [
      'without it',
      report.works
        ? undefined
        : 'models train on our own kernels and on the engine onnx, or on wasm where ONNX Runtime does not load',
    ],
    ['Node', `${report.node} (${report.platform} ${report.arch})`],
  ];
  const lines = rows.filter(([, value]) => value !== undefined).map(([name, value]) => `${name.padEnd(15)} ${value}`);
  return `${lines.join('\n')}\n`;
}

/** Installs the native engine after saying what that takes; asks first where somebody can answer. */
export async function engineInstall(options: { yes?: boolean }): Promise<number> {
  const interrupted = new AbortController();
  const onSignal = () => interrupted.abort(new Error('interrupted'));
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    const { signal } = interrupted;
    const planned = await plan({ signal });
    if (planned.road === 'none') {
      const reasons = planned.reasons.map((reason) => `  - ${reason}`).join('\n');
      process.stderr.write(
        `aenb: the native engine cannot be installed here:\n${reasons}\nThe engine onnx works without it.\n`,
      );
      return 1;
    }
    if (!planned.installed) {
      for (const reason of planned.reasons) process.stderr.write(`${reason}\n`);
      process.stderr.write(
        `The native engine: ${megabytes(planned.downloadBytes)} to download, ${megabytes(planned.diskBytes)} to keep in ${planned.folder}\n`,
      );
      if (!options.yes && process.stdin.isTTY && !(await agreed(signal))) {
        process.stderr.write('Nothing was installed.\n');
        return 1;
      }
    }
    const bar = new Bar();
    try {
      const { folder, seconds } = await install({ onProgress: (progress) => bar.draw(progress), signal });
      bar.end();
      process.stderr.write(
        planned.installed
          ? `It is installed in ${folder} and works.\n`
          : `Installed in ${folder} in ${seconds.toFixed(0)} s.\n`,
      );
      return EXIT.ok;
    } finally {
      bar.end();
    }
  } catch (error) {
    process.stderr.write(`aenb: ${(error as Error).message}\n`);
    return interrupted.signal.aborted ? EXIT.interrupted : 1;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

export async function engineRemove(): Promise<number> {
  const { freedBytes } = await remove();
  process.stderr.write(
    freedBytes > 0 ? `Removed; ${megabytes(freedBytes)} are free again.\n` : 'There was nothing to remove.\n',
  );
  return EXIT.ok;
}

async function agreed(signal: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  terminal.on('SIGINT', () => process.emit('SIGINT', 'SIGINT'));
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('no')));
  try {
    const answer = await Promise.race([terminal.question('Install it? [Y/n] ', { signal }), closed]);
    return /^\s*(y(es)?)?\s*$/i.test(answer);
  } finally {
    terminal.close();
  }
}

/** The installation's progress: a bar on a terminal, a line for each step elsewhere. */
class Bar {
  private step = '';
  private drawn = false;

  draw({ step, fraction, detail }: InstallProgress): void {
    const what = detail ? `${step} ${detail}` : step;
    if (!process.stderr.isTTY) {
      if (what !== this.step) process.stderr.write(`${what}\n`);
      this.step = what;
      return;
    }
    const width = 24;
    const full = Math.round((fraction ?? 0) * width);
    const bar =
      fraction === undefined ? '' : `${'█'.repeat(full)}${'░'.repeat(width - full)} ${Math.round(fraction * 100)} %  `;
    process.stderr.write(`\r\u001b[2K${`${bar}${what}`.slice(0, (process.stderr.columns || 80) - 1)}`);
    this.drawn = true;
  }

  end(): void {
    if (this.drawn) process.stderr.write('\r\u001b[2K');
    this.drawn = false;
  }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
