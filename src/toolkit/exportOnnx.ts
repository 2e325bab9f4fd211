/** Networks as ONNX files, for programs in other languages. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ExportedFunction, exportFunction } from '../engine/index.ts';

/**
 * Writes each function to a file of its name. All files are made before the first is written, and none is ever there in
 * part.
 *
 * @throws Error that names the function and the reason
 */
export async function writeOnnx(folder: string, functions: Readonly<Record<string, ExportedFunction>>): Promise<void> {
  const files: [string, Uint8Array][] = [];
  for (const [name, exported] of Object.entries(functions)) {
    try {
      files.push([`${name}.onnx`, await exportFunction(exported)]);
    } catch (error) {
      throw new Error(`${name} can't be written as ONNX: ${(error as Error).message}`, { cause: error });
    }
  }
  const target = resolve(folder);
  try {
    await mkdir(target, { recursive: true });
    for (const [name, bytes] of files) {
      const part = join(target, `${name}.${process.pid}.part`);
      try {
        await writeFile(part, bytes);
        await rename(part, join(target, name));
      } finally {
        await rm(part, { force: true });
      }
    }
  } catch (error) {
    throw new Error(`the ONNX files can't be written to ${target}: ${(error as Error).message}`, { cause: error });
  }
}
