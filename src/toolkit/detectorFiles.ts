/** Detectors on disk: a folder with detector.json, detector.bin (32-bit floats) and a saved model for each net. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Autoencoder, loadModel } from './autoencoder.ts';
import { NdArray } from './ndarray.ts';
import { NearestNeighbors } from './nearestNeighbors.ts';
import { PCA } from './pca.ts';
import { type Scaler, type ScalerState, scalerFrom } from './scalers.ts';
import { show } from './validate.ts';
import type { Whitening } from './whitening.ts';

const format = 'aenb-detector';
const formatVersion = 1;

interface Detector {
  readonly seed: number;
  readonly score: 'mse' | 'mae' | 'mahalanobis' | 'combined' | 'image';
  readonly threshold: number;
  /** Values per sample. */
  readonly width: number;
  readonly imageShape?: readonly [number, number, number];
  readonly nets: readonly (Autoencoder | PCA)[];
  readonly locator: Autoencoder | undefined;
  readonly whitenings: Whitening[];
  readonly memory: NearestNeighbors | undefined;
  readonly usualDistance: number;
  readonly usualErrors: Float32Array<ArrayBuffer>;
  readonly usualImage: UsualImage | undefined;
}

/** What normal images are like. */
export interface UsualImage {
  readonly background: number;
  readonly ink: number;
  readonly error: number;
}

export type SavedDetector = Detector & { readonly scaler: Scaler | undefined };

/** detector.json */
interface DetectorFile {
  format: typeof format;
  version: number;
  seed: number;
  score: Detector['score'];
  threshold: number;
  width: number;
  imageShape?: readonly [number, number, number];
  scaler?: ScalerState;
  nets: ({ model: 'folder'; path: string } | { model: 'PCA'; latentDim: number; state: PCA['state'] })[];
  /** A folder. */
  locator?: string;
  whitenings: { mean: number[]; matrix: number[] }[];
  memory?: { k: number; samples: number; means: number[] };
  usualDistance: number;
  usualErrors: number[];
  usualImage?: UsualImage;
}

export async function writeDetector(
  folder: string,
  detector: Detector & { readonly scaler: ScalerState | undefined },
): Promise<void> {
  const target = resolve(folder);
  await assertReplaceable(target);
  const fresh = `${target}.${process.pid}-${Date.now()}.new`;
  const old = `${fresh}.old`;
  try {
    await mkdir(dirname(target), { recursive: true });
    await mkdir(fresh);
    const { memory, nets, locator, whitenings, usualErrors, ...plain } = detector;
    const file: DetectorFile = {
      format,
      version: formatVersion,
      ...plain,
      nets: nets.map((net, i) =>
        net instanceof PCA
          ? { model: 'PCA', latentDim: net.latentDim, state: net.state }
          : { model: 'folder', path: `net-${i}` },
      ),
      ...(locator && { locator: 'locator' }),
      whitenings: whitenings.map(({ mean, matrix }) => ({ mean: Array.from(mean), matrix: Array.from(matrix) })),
      ...(memory && {
        memory: { k: memory.k, samples: memory.state.rows.length, means: Array.from(memory.state.means) },
      }),
      usualErrors: Array.from(usualErrors),
    };
    for (const [i, net] of nets.entries()) if (!(net instanceof PCA)) await net.save(join(fresh, `net-${i}`));
    await locator?.save(join(fresh, 'locator'));
    await writeFile(join(fresh, 'detector.json'), `${JSON.stringify(file)}\n`);
    const rows = memory?.state.rows.data ?? new Float32Array();
    await writeFile(join(fresh, 'detector.bin'), Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength));
    const replaced = await rename(target, old).then(
      () => true,
      () => false,
    );
    try {
      await rename(fresh, target);
    } catch (error) {
      if (replaced) await rename(old, target);
      throw error;
    }
  } catch (error) {
    throw new Error(`the detector can't be saved to ${folder}: ${(error as Error).message}`, { cause: error });
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

export async function readDetector(folder: string): Promise<SavedDetector> {
  const path = join(folder, 'detector.json');
  let file: DetectorFile;
  try {
    file = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Error(`${folder} holds no saved detector: ${(error as Error).message}`, { cause: error });
  }
  if (file?.format !== format) {
    throw new Error(
      `${path} is no detector of this package: its format is ${show(file?.format)}, expected '${format}'`,
    );
  }
  if (file.version !== formatVersion) {
    throw new Error(
      `${path} has version ${show(file.version)} of the format, this package reads version ${formatVersion}: ` +
        'update the package, or save the detector again with it',
    );
  }
  const nets: (Autoencoder | PCA)[] = [];
  for (const net of file.nets) {
    nets.push(
      net.model === 'PCA'
        ? new PCA({ latentDim: net.latentDim }).restore(net.state)
        : await loadModel(join(folder, net.path)),
    );
  }
  return {
    seed: file.seed,
    score: file.score,
    threshold: file.threshold,
    width: file.width,
    ...(file.imageShape && { imageShape: file.imageShape }),
    nets,
    locator: file.locator === undefined ? undefined : await loadModel(join(folder, file.locator)),
    whitenings: file.whitenings.map(({ mean, matrix }) => ({
      mean: Float64Array.from(mean),
      matrix: Float64Array.from(matrix),
    })),
    memory: file.memory && (await readMemory(folder, file.memory, file.width)),
    usualDistance: file.usualDistance,
    usualErrors: Float32Array.from(file.usualErrors),
    usualImage: file.usualImage,
    scaler: file.scaler && scalerFrom(file.scaler),
  };
}

async function readMemory(
  folder: string,
  { k, samples, means }: NonNullable<DetectorFile['memory']>,
  width: number,
): Promise<NearestNeighbors> {
  const path = join(folder, 'detector.bin');
  const bytes = await readFile(path);
  const expected = 4 * samples * width;
  if (bytes.length !== expected) {
    throw new Error(`${path} must have ${expected} bytes, has ${bytes.length}: the copy is not whole`);
  }
  const values = new Float32Array(samples * width);
  Buffer.from(values.buffer).set(bytes);
  return new NearestNeighbors({ k }).restore({
    rows: new NdArray(values, [samples, width]),
    means: Float64Array.from(means),
  });
}

/** Saving must not take away files that are not a detector's. */
async function assertReplaceable(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new Error(`the detector can't be saved to ${folder}: ${error.message}`, { cause: error });
  });
  const foreign = names.find((name) => !/^(detector\.(json|bin)|net-\d+|locator)$/.test(name));
  if (foreign !== undefined) {
    throw new Error(
      `the detector can't be saved to ${folder}: it holds '${foreign}' already. Name a folder of its own.`,
    );
  }
}
