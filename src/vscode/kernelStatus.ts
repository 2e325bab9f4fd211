import type { EngineStatus } from '../kernel/protocol.ts';
import type { SessionState } from '../kernel/session.ts';
import type { Translate } from './translate.ts';

export interface KernelStatus {
  readonly text: string;
  readonly tooltip: string;
  readonly warning: boolean;
}

/** What the status bar says of a notebook's kernel. */
export function describeKernel(
  kernel: { state: SessionState; engine?: EngineStatus; nodeVersion?: string; pid?: number } | undefined,
  t: Translate,
): KernelStatus {
  const state = kernel?.state ?? 'stopped';
  const { icon, word } = {
    stopped: { icon: 'circle-outline', word: t('not started') },
    starting: { icon: 'loading~spin', word: t('starting') },
    idle: { icon: 'circle-large-filled', word: t('idle') },
    busy: { icon: 'sync~spin', word: t('busy') },
    dead: { icon: 'error', word: t('ended') },
  }[state];
  const engine = kernel?.engine;
  const lines = [t('Autoencoder kernel: {0}', word)];
  if (kernel?.nodeVersion) lines.push(t('Node.js {0}, process {1}', kernel.nodeVersion, String(kernel.pid ?? '')));
  if (engine) lines.push(t('Engine: {0} {1}, threads: {2}', engine.name, engine.version, engine.threads));
  else lines.push(t('The engine loads with the first cell that needs it'));
  if (engine?.kernels && engine.kernels !== engine.version)
    lines.push(t('Training kernels of our own: {0}', engine.kernels));
  if (engine?.reason) lines.push(engine.reason);
  return {
    text: `$(${icon}) ${engine ? `aenb: ${word} · ${engine.name}` : `aenb: ${word}`}`,
    tooltip: lines.join('\n\n'),
    warning: state === 'dead',
  };
}
