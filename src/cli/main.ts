/**
 * The `aenb` command: what it takes, and what its exit status means. The work is in the other files of this folder.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { version } from '../../package.json';
import { engineInstall, engineRemove, engineStatus } from './engine.ts';
import { exportNotebook, FORMATS, type Format } from './exportNotebook.ts';
import { BadCall, EXIT } from './failure.ts';
import { newNotebook } from './newNotebook.ts';
import { ENGINES, type RunOptions, run } from './run.ts';
import { SCORE_FORMATS, type ScoreOptions, score } from './score.ts';

/** The exit status of what was asked for. */
let status: number = EXIT.ok;

const program = new Command('aenb')
  .description('Autoencoder notebooks: run, export and create .aenb files.')
  .version(version, '--version')
  .helpOption('--help', 'show this help')
  .showSuggestionAfterError()
  .showHelpAfterError('(see aenb --help)')
  .exitOverride();

const collect = (value: string, all: string[]) => [...all, value];

program
  .command('run')
  .description('run all cells of a notebook; their text goes to standard output')
  .argument('<NOTEBOOK>', 'an .aenb or .ipynb file with TypeScript cells')
  .option('--out <FILE>', 'write the executed notebook here, also when a cell fails')
  .option('--html <FILE>', 'write it as a web page with its pictures')
  .option('--param <NAME=VALUE>', 'replace a value of the cell tagged "parameters"; may be repeated', collect, [])
  .addOption(new Option('--engine <NAME>', 'what trains').choices(ENGINES))
  .option('--threads <N>', 'threads of a native engine; default: the cores there are', positiveInteger)
  .option('--timeout <SECONDS>', 'stop after so long', positiveNumber)
  .option('--quiet', 'no progress on standard error')
  .addHelpText(
    'after',
    `
Exit status: 0 all cells ran, 1 a cell failed, 2 the call or a file is bad, 124 time is up, 130 interrupted.
A cell tagged "raises-exception" may fail. Ctrl+C stops the cell and saves; a second one ends at once.`,
  )
  .action(async (notebook: string, options: RunOptions) => {
    status = await run(notebook, options);
  });

program
  .command('export')
  .description('write a notebook in another format')
  .argument('<NOTEBOOK>', 'an .aenb or .ipynb file')
  .addOption(new Option('--to <FORMAT>', 'the format').choices(FORMATS).makeOptionMandatory())
  .option('--out <FILE>', 'write it here instead of beside the notebook; - is standard output')
  .action((notebook: string, options: { to: Format; out?: string }) => exportNotebook(notebook, options));

const engine = program.command('engine').description('the native engine, which trains fastest');
engine
  .command('status')
  .description('what is there, and whether it computes')
  .option('--json', 'as JSON')
  .action(async (options: { json?: boolean }) => {
    status = await engineStatus(options);
  });
engine
  .command('install')
  .description('install it into the cache folder of this user')
  .option('--yes', 'do not ask')
  .action(async (options: { yes?: boolean }) => {
    status = await engineInstall(options);
  });
engine
  .command('remove')
  .description('take it away again')
  .action(async () => {
    status = await engineRemove();
  });

program
  .command('score')
  .description('score every row of a file with a saved detector; the file may be larger than memory')
  .argument('<MODEL_FOLDER>', 'what AnomalyDetector.save wrote')
  .argument('<DATA>', 'a CSV file, gzipped or not, or a .npy file')
  .option('--out <FILE>', 'write here instead of to standard output')
  .addOption(
    new Option('--format <FORMAT>', 'csv, or JSON lines (default: by the ending of --out)').choices(SCORE_FORMATS),
  )
  .option('--label <COLUMN>', 'a column of DATA to leave out, by name or index from 0')
  .option('--delimiter <CHARACTER>', 'of the columns; found out if not given')
  .option('--top <N>', 'features to name for each row; default 3', wholeNumber)
  .option('--quiet', 'no summary on standard error')
  .addHelpText(
    'after',
    `
Columns: row (from 1), score, anomaly (1 above the threshold), then the features of the greatest error and their shares.
Exit status: 0 all rows were scored, 2 the call, the detector or the data is bad.`,
  )
  .action((folder: string, data: string, options: ScoreOptions) => score(folder, data, options));

program
  .command('new')
  .description('make a notebook to start from')
  .argument('<FILE>', 'its name; .aenb is added where it has no ending')
  .action((file: string) => newNotebook(file));

function wholeNumber(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 0 up.');
  return Number(text);
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0) || value > 2_000_000) {
    throw new InvalidArgumentError('It must be a number of seconds above 0.');
  }
  return value;
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < 1 || value > 256) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 256.');
  }
  return value;
}

/** Standard output may be a pipe whose reader has gone (`aenb run … | head`): the run goes on without it. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

async function main(): Promise<number> {
  try {
    await program.parseAsync();
    return status;
  } catch (error) {
    // help and version end this way too, with 0; the message has been written
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.badCall;
    if (error instanceof BadCall) {
      process.stderr.write(`aenb: ${error.message}\n`);
      return EXIT.badCall;
    }
    process.stderr.write(`aenb: ${(error as Error)?.stack ?? error}\n`);
    return EXIT.cellFailed;
  }
}

main().then((exit) => {
  // ends even where something keeps the process alive, but not before all is written
  process.stdout.write('', () => process.stderr.write('', () => process.exit(exit)));
});
