import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/**
 * Asks on the terminal for a line of text; the question goes to standard error, so that standard output stays the
 * notebook's. A password is not shown while it is typed.
 *
 * @returns undefined when the user ends the input (Ctrl+D) or the cell is interrupted
 */
export async function askOnTerminal(
  request: { prompt: string; password: boolean },
  signal: AbortSignal,
): Promise<string | undefined> {
  const prompt = request.prompt === '' || /\s$/.test(request.prompt) ? request.prompt : `${request.prompt} `;
  let hidden = false;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!hidden) process.stderr.write(chunk);
      done();
    },
  });
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  // the terminal is in raw mode while it asks, where Ctrl+C is a key and no signal
  terminal.on('SIGINT', () => {
    endLine();
    process.emit('SIGINT', 'SIGINT');
  });
  const closed = new Promise<undefined>((resolve) => terminal.once('close', () => resolve(undefined)));
  let lineEnded = false;
  function endLine(): void {
    if (!lineEnded) process.stderr.write('\n');
    lineEnded = true;
  }
  try {
    const answer = terminal.question(prompt, { signal });
    hidden = request.password;
    const text = await Promise.race([answer, closed]);
    // the Enter key has ended the line, if it was shown
    if (text !== undefined && !hidden) lineEnded = true;
    return text;
  } catch (error) {
    if ((error as Error).name === 'AbortError') return undefined;
    throw error;
  } finally {
    terminal.close();
    endLine();
  }
}
