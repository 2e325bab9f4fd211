/** process.stdout and process.stderr of the kernel: what is written goes to the cell that the writing code belongs to. */
import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

export function installStreams(write: (name: 'stdout' | 'stderr', text: string) => void): void {
  for (const [name, fd] of [
    ['stdout', 1],
    ['stderr', 2],
  ] as const) {
    const stream = cellStream(name, fd, write);
    Object.defineProperty(process, name, { get: () => stream, configurable: true, enumerable: true });
  }
}

function cellStream(
  name: 'stdout' | 'stderr',
  fd: number,
  write: (name: 'stdout' | 'stderr', text: string) => void,
): Writable {
  const decoder = new StringDecoder('utf8');
  const stream = new Writable({ decodeStrings: false });
  type Done = (error?: Error | null) => void;
  // no queue and no back-pressure: the text is in the cell's batch when this returns
  stream.write = ((chunk: unknown, encoding?: BufferEncoding | Done, done?: Done): boolean => {
    if (typeof chunk === 'string') write(name, chunk);
    else if (ArrayBuffer.isView(chunk))
      write(name, decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)));
    else
      throw new TypeError(
        `process.${name}.write takes a string or bytes, got ${chunk === null ? 'null' : typeof chunk}`,
      );
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback) process.nextTick(callback);
    return true;
  }) as Writable['write'];
  return Object.assign(stream, { fd, columns: 100, _isStdio: true });
}
