import { builtKernels } from '../kernels/files.ts';
import { findInstallation, nativeFolder, type Road } from '../tensorflow/location.ts';
import { diskUse } from './diskUse.ts';
import { prove } from './prove.ts';

/** Everything about the native engine here, as plain JSON. */
export interface EngineReport {
  /** A complete installation is there. */
  installed: boolean;
  /** It was loaded in a process of its own and its matrix product was right. */
  works: boolean;
  /** Why it is not installed or does not work, as a sentence. */
  reason?: string;
  folder: string;
  /** How it came here; missing for a folder of AENB_NATIVE. */
  road?: Road;
  /** TensorFlow's version. */
  version?: string;
  /** Version of tfjs-node, whose addon speaks to it. */
  addonVersion?: string;
  bytes?: number;
  /** Threads that one operation may use. */
  threads?: number;
  loadSeconds?: number;
  /** One product of two 1024 x 1024 matrices, the fastest of five. */
  matrixProductSeconds?: number;
  /** Billions of additions and multiplications a second in it. */
  gigaflops?: number;
  /** What an interrupted installation keeps for its next attempt. */
  unfinishedBytes?: number;
  /** Instructions for which our own training kernels are there. */
  kernels: string[];
  node: string;
  platform: string;
  arch: string;
}

/** Takes two seconds where an engine is installed: it is loaded to prove that it works. */
export async function status(options: { signal?: AbortSignal } = {}): Promise<EngineReport> {
  const machine = { kernels: builtKernels(), node: process.version, platform: process.platform, arch: process.arch };
  const there = findInstallation();
  if (!there) {
    const own = process.env.AENB_NATIVE;
    const unfinishedBytes = await diskUse(nativeFolder());
    return {
      installed: false,
      works: false,
      reason: own
        ? `AENB_NATIVE names ${own}, where there is no native engine`
        : `it is not installed; \`aenb engine install\` does that`,
      folder: own ?? nativeFolder(),
      ...(unfinishedBytes > 0 && !own ? { unfinishedBytes } : {}),
      ...machine,
    };
  }
  const { folder, manifest } = there;
  const known = {
    installed: true,
    folder,
    road: manifest?.road,
    addonVersion: manifest?.addonVersion,
    bytes: manifest?.bytes ?? (await diskUse(folder)),
    ...machine,
  };
  try {
    const proof = await prove(folder, options.signal);
    return { ...known, works: true, ...proof, gigaflops: (2 * 1024 ** 3) / proof.matrixProductSeconds / 1e9 };
  } catch (error) {
    options.signal?.throwIfAborted();
    return { ...known, works: false, version: manifest?.version, reason: (error as Error).message };
  }
}
