import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Dataset, makeDataset } from '../dataset.ts';
import { NdArray } from '../ndarray.ts';
import { checkKnownOptions } from '../validate.ts';
import { csv } from './csv.ts';
import { CsvParser } from './csvParser.ts';
import { withPublicFile } from './locate.ts';
import { openArchive } from './npz.ts';

const steps = 140;
const kinds = ['normal', 'R-on-T', 'PVC', 'SP', 'unclassified'] as const;

const archive = {
  path: 'ecg5000/ECG5000.zip',
  addresses: [
    'https://www.timeseriesclassification.com/aeon-toolkit/ECG5000.zip',
    'https://www.timeseriesclassification.com/Downloads/ECG5000.zip',
  ],
};

/**
 * 5 000 heartbeats of one patient, 140 values each: 4 500 to train on, 500 to test (the archive has them the other way
 * round; a detector needs many).
 *
 * Looks for `$AENB_DATA/ecg5000/{train,test}.csv.gz` (140 values and a column `label` from 1 to 5), then for the
 * archive's ECG5000.zip there, in the user's cache, or at its public address (10 MB), whose values are standardised.
 * x: [n, 140]. y: 0 = normal, 1 to 4 the kinds of fault; with `binary` 1 = any fault. Note that the TensorFlow tutorial
 * has 1 = normal.
 * Source: Goldberger et al. 2000 (PhysioNet, BIDMC record chf07); Chen et al. 2015 (UCR archive).
 * @throws Error that says of every place why it did not serve
 */
export async function ecg5000(options: { binary?: boolean } = {}): Promise<{ train: Dataset; test: Dataset }> {
  checkKnownOptions('ecg5000', options, ['binary']);
  const parts = (await readTables()) ?? (await withPublicFile(archive, readArchive));
  const make = (part: 'train' | 'test') => {
    const { x, y } = parts[part];
    return makeDataset({
      name: `ECG5000, ${part}`,
      x,
      y: y.map((kind) => (options.binary ? Number(kind !== 1) : kind - 1)),
      labels: options.binary ? ['normal', 'anomaly'] : kinds,
      source: 'ECG5000 (PhysioNet, UCR time series archive)',
      licence: 'ODC-BY 1.0 (PhysioNet)',
    });
  };
  return { train: make('train'), test: make('test') };
}

/** Labels from 1 to 5. */
type Part = { x: NdArray; y: Int32Array };

async function readTables(): Promise<{ train: Part; test: Part } | undefined> {
  const folder = process.env.AENB_DATA && join(process.env.AENB_DATA, 'ecg5000');
  if (!folder || !['train', 'test'].every((part) => existsSync(join(folder, `${part}.csv.gz`)))) return undefined;
  const read = async (part: string) => {
    const path = join(folder, `${part}.csv.gz`);
    const { x, y } = await csv(path, { label: 'label' });
    return checked({ x, y: y! }, path);
  };
  return { train: await read('train'), test: await read('test') };
}

/** The archive's train part is the small one. */
async function readArchive(path: string): Promise<{ train: Part; test: Part }> {
  const zip = await openArchive(path);
  try {
    const read = async (name: string) => {
      const entry = zip.all.find(({ fileName }) => fileName === name || fileName.endsWith(`/${name}`));
      if (!entry) throw new Error(`${path} has no file ${name} in it`);
      const chunks: Buffer[] = [];
      for await (const chunk of await zip.open(entry)) chunks.push(chunk);
      return checked(parseTable(Buffer.concat(chunks), `${path}, ${name}`), path);
    };
    return { train: await read('ECG5000_TEST.txt'), test: await read('ECG5000_TRAIN.txt') };
  } finally {
    zip.close();
  }
}

/** Columns are set apart by any number of blanks; the first one is the label, written as a real number. */
function parseTable(bytes: Buffer, name: string): Part {
  const text = bytes
    .toString('latin1')
    .replaceAll(/^[ \t]+|[ \t\r]+$/gm, '')
    .replaceAll(/[ \t]+/g, ',');
  const parser = new CsvParser({ label: 0, header: false, delimiter: ',' }, name);
  const { values, rows, labels } = parser.parse(Buffer.from(text, 'latin1'), true);
  return { x: new NdArray(values.slice(), [rows, parser.features]), y: Int32Array.from(labels!, Number) };
}

function checked(part: Part, path: string): Part {
  const width = part.x.data.length / part.x.length;
  if (width !== steps) throw new Error(`${path} must hold heartbeats of ${steps} values, its rows have ${width}`);
  const strange = part.y.find((label) => !(label >= 1 && label <= 5));
  if (strange !== undefined) throw new Error(`${path} must hold labels from 1 to 5, it holds ${strange}`);
  return part;
}
