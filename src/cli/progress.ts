/** What the command writes to, apart from files: process.stdout and process.stderr, or a test's. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** How often a line about a long cell is written where lines cannot be redrawn. */
const NOTE_EVERY_MS = 5000;

/**
 * Progress of a run on standard error: on a terminal one line, redrawn below the cells' own output; elsewhere a line for
 * each finished cell, and now and then one from a cell that takes long.
 */
export class Progress {
  private label = '';
  private note = '';
  private startedAt = 0;
  private notedAt = 0;
  private drawn = false;
  private paused = false;
  /** Whether the cells' output stopped within a line, which ours must not be written into. */
  private midLine = false;
  /** The same of standard output alone, wherever it goes. */
  private openLine = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly total: number,
    private readonly stdout: Terminal,
    private readonly stderr: Terminal,
    private readonly quiet: boolean,
  ) {}

  /** @param number of the cell among those that run, from 1 */
  cellStarts(number: number, code: string): void {
    const width = String(this.total).length;
    this.label = `[${String(number).padStart(width)}/${this.total}] ${firstLine(code)}`;
    this.note = '';
    this.startedAt = this.notedAt = Date.now();
    this.timer = setInterval(() => this.draw(), 200).unref();
    this.draw();
  }

  cellEnds(outcome: string): void {
    clearInterval(this.timer);
    this.clear();
    if (!this.quiet && !this.stderr.isTTY)
      this.line(`${this.label}  ${duration(Date.now() - this.startedAt)}${outcome}`);
    this.label = '';
  }

  /** While something else has the terminal, a question for instance. */
  async pausedWhile<T>(task: () => Promise<T>): Promise<T> {
    this.clear();
    this.paused = true;
    try {
      return await task();
    } finally {
      this.paused = false;
    }
  }

  /** What the running cell's picture says of itself, for instance how far a training is. */
  tell(note: string): void {
    this.note = firstLine(note, 120);
    if (this.quiet || this.stderr.isTTY) return;
    const now = Date.now();
    if (now - this.notedAt < NOTE_EVERY_MS) return;
    this.notedAt = now;
    this.line(`${this.label}  ${duration(now - this.startedAt)}  ${this.note}`);
  }

  /** The cells' own text. */
  write(name: 'stdout' | 'stderr', text: string): void {
    if (text === '') return;
    this.clear();
    const stream = this[name];
    stream.write(text);
    const ended = text.endsWith('\n');
    if (stream.isTTY) this.midLine = !ended;
    if (name === 'stdout') this.openLine = !ended;
    this.draw();
  }

  /** A text of its own line or lines on standard output. */
  writeLines(text: string): void {
    this.write('stdout', `${this.openLine ? '\n' : ''}${text}${text.endsWith('\n') ? '' : '\n'}`);
  }

  /** A line of the command's own that is always written. */
  say(text: string): void {
    this.clear();
    this.line(text);
    this.draw();
  }

  end(): void {
    clearInterval(this.timer);
    this.clear();
    this.label = '';
  }

  private line(text: string): void {
    if (this.midLine) this.stderr.write('\n');
    this.midLine = false;
    this.stderr.write(`${text}\n`);
  }

  private draw(): void {
    if (this.quiet || this.paused || !this.stderr.isTTY || this.midLine || this.label === '') return;
    const text = [this.label, duration(Date.now() - this.startedAt), this.note].filter(Boolean).join('  ');
    this.stderr.write(`\r\u001b[2K${cut(text, (this.stderr.columns || 80) - 2)}`);
    this.drawn = true;
  }

  private clear(): void {
    if (this.drawn) this.stderr.write('\r\u001b[2K');
    this.drawn = false;
  }
}

/** The first line of a text that says something, shortened. */
function firstLine(text: string, columns = 60): string {
  return cut(
    text
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.trim() ?? '',
    columns,
  );
}

function cut(text: string, columns: number): string {
  let width = 0;
  let kept = '';
  for (const character of text) {
    // East Asian letters take two columns
    width += /[\u1100-\u115f\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\uffe0-\uffe6]/.test(character) ? 2 : 1;
    if (width > columns) return `${kept.trimEnd()}…`;
    kept += character;
  }
  return kept;
}

export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return `${minutes} min ${Math.floor(seconds % 60)} s`;
}
