/**
 * Models on disk: a folder with model.json (what it is) and weights.bin (32-bit floats, little-endian: the weights in
 * the order of the networks, then the optimizer's averages).
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { ModelOptions } from './modelOptions.ts';
import { volume } from './ndarray.ts';
import { isNoiseKind, makeNoise, type Noise } from './noise.ts';
import type { Run } from './run.ts';
import type { TrainingState } from './train.ts';
import { show } from './validate.ts';

/** Raised when an older reader would misread the file. */
const formatVersion = 1;
const format = 'aenb-model';

/** Options that may be functions, given again when a model is loaded. */
export type Unsaved = Pick<ModelOptions, 'loss' | 'noise' | 'extraLosses'>;
const mayBeFunctions = ['loss', 'noise', 'extraLosses'] as const;

/** Classes by the name they are saved under; each model's file enters its own. */
export const modelClasses = new Map<string, unknown>();

/** Options of any model; what is noise comes back as noise. */
export type SavedOptions = Readonly<Record<string, unknown>>;

/** A network as tf.LayersModel.toJSON gives it. */
export type Topology = Record<string, unknown>;

export interface SavedModel {
  /** The name of the class. */
  readonly model: string;
  readonly options: SavedOptions;
  /** By their part in the model, in the order of their weights. */
  readonly networks: Readonly<Record<string, Topology>>;
  readonly weights: readonly { readonly shape: number[]; readonly values: Float32Array }[];
  readonly training?: TrainingState;
  readonly run?: Run;
  /** Options that were functions and are not there. */
  readonly missing: readonly string[];
}

/** model.json, with lengths in place of the floats. */
interface ModelFile {
  format: typeof format;
  version: number;
  model: string;
  options: Record<string, unknown>;
  missing: string[];
  networks: Record<string, Topology>;
  weights: number[][];
  training?: { epochs: number; optimizer: { name: string; steps: number; slots: number[] } };
  run?: Run;
}

export async function writeModel(folder: string, saved: SavedModel): Promise<void> {
  const { options, missing } = plainOptions(saved.options, saved.missing);
  const { training } = saved;
  const file: ModelFile = {
    format,
    version: formatVersion,
    model: saved.model,
    options,
    missing,
    networks: saved.networks,
    weights: saved.weights.map(({ shape }) => shape),
    ...(training && {
      training: {
        epochs: training.epochs,
        optimizer: { ...training.optimizer, slots: training.optimizer.slots.map(({ length }) => length) },
      },
    }),
    ...(saved.run && { run: saved.run }),
  };
  const floats = [...saved.weights.map(({ values }) => values), ...(training?.optimizer.slots ?? [])];
  await replaceFolder(resolve(folder), {
    'model.json': `${JSON.stringify(file, null, 1)}\n`,
    'weights.bin': Buffer.concat(
      floats.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
    ),
  });
}

export async function readModel(folder: string, unsaved: Unsaved): Promise<SavedModel> {
  const file = await readModelFile(folder);
  const bytes = await readFile(join(folder, 'weights.bin')).catch((error: Error) => {
    throw new Error(`${folder} holds no whole model: ${error.message}`, { cause: error });
  });
  const lengths = [...file.weights.map(volume), ...(file.training?.optimizer.slots ?? [])];
  const expected = 4 * lengths.reduce((sum, length) => sum + length, 0);
  if (bytes.length !== expected) {
    throw new Error(
      `${join(folder, 'weights.bin')} must have ${expected} bytes, has ${bytes.length}: the copy is not whole`,
    );
  }
  let offset = 0;
  const next = (length: number): Float32Array => {
    const values = new Float32Array(length);
    Buffer.from(values.buffer).set(bytes.subarray(offset, (offset += 4 * length)));
    return values;
  };
  const weights = file.weights.map((shape) => ({ shape, values: next(volume(shape)) }));
  const training = file.training && {
    epochs: file.training.epochs,
    optimizer: { ...file.training.optimizer, slots: file.training.optimizer.slots.map(next) },
  };
  const given = mayBeFunctions.filter((name) => unsaved[name] !== undefined);
  return {
    ...file,
    options: {
      ...revivedOptions(file.options),
      ...Object.fromEntries(given.map((name) => [name, unsaved[name]])),
    },
    weights,
    training: training as TrainingState | undefined,
    missing: file.missing.filter((name) => !given.includes(name as (typeof given)[number])),
  };
}

async function readModelFile(folder: string): Promise<ModelFile> {
  const path = join(folder, 'model.json');
  let file: Partial<ModelFile>;
  try {
    file = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Error(`${folder} holds no saved model: ${(error as Error).message}`, { cause: error });
  }
  if (file?.format !== format) {
    throw new Error(`${path} is no model of this package: its format is ${show(file?.format)}, expected '${format}'`);
  }
  if (file.version !== formatVersion) {
    throw new Error(
      `${path} has version ${show(file.version)} of the format, this package reads version ${formatVersion}: ` +
        'update the package, or save the model again with it',
    );
  }
  return file as ModelFile;
}

/** What JSON can hold of the options, and the names of those it can't. Networks are saved as such. */
function plainOptions(
  { encoder: _encoder, decoder: _decoder, ...options }: SavedOptions & ModelOptions,
  known: readonly string[],
): { options: Record<string, unknown>; missing: string[] } {
  const missing = new Set(known);
  const plain: Record<string, unknown> = { ...options };
  if (typeof options.loss === 'function') missing.add('loss');
  if (options.extraLosses) missing.add('extraLosses');
  if (options.noise) {
    const { kind, amount, clip } = options.noise;
    if (isNoiseKind(kind)) plain.noise = { kind, amount, clip };
    else missing.add('noise');
  }
  for (const name of missing) delete plain[name];
  return { options: plain, missing: [...missing] };
}

function revivedOptions(options: Record<string, unknown>): SavedOptions {
  const noise = options.noise as Pick<Noise, 'kind' | 'amount' | 'clip'> | undefined;
  if (!noise || !isNoiseKind(noise.kind)) return options;
  return { ...options, noise: makeNoise(noise.kind, noise.amount, noise.clip) };
}

/** Writes the files to a folder beside, which then takes the name: there is never half a model. */
async function replaceFolder(folder: string, files: Record<string, string | Buffer>): Promise<void> {
  await assertReplaceable(folder);
  const fresh = `${folder}.${process.pid}-${Date.now()}.new`;
  const old = `${fresh}.old`;
  try {
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(fresh);
    for (const [name, content] of Object.entries(files)) await writeFile(join(fresh, name), content);
    const replaced = await rename(folder, old).then(
      () => true,
      () => false,
    );
    try {
      await rename(fresh, folder);
    } catch (error) {
      if (replaced) await rename(old, folder);
      throw error;
    }
  } catch (error) {
    throw new Error(`the model can't be saved to ${folder}: ${(error as Error).message}`, { cause: error });
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

/** Saving must not take away files that are not a model's. */
async function assertReplaceable(folder: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new Error(`the model can't be saved to ${folder}: ${(error as Error).message}`, { cause: error });
  }
  const foreign = names.find((name) => name !== 'model.json' && name !== 'weights.bin');
  if (foreign !== undefined) {
    throw new Error(`the model can't be saved to ${folder}: it holds '${foreign}' already. Name a folder of its own.`);
  }
}

/** A saved network, its weights still to be set. */
export function networkOf({ networks }: SavedModel, part: string): Promise<tf.LayersModel> {
  const topology = networks[part];
  if (!topology) throw new Error(`the saved model has no ${part}: the file was changed`);
  return tf.models.modelFromJSON(topology as unknown as Parameters<typeof tf.models.modelFromJSON>[0]);
}
