/** Where the kernels' native modules are. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The quickest first. */
const variants: Partial<Record<NodeJS.Architecture, readonly string[]>> = { x64: ['avx512', 'avx2'], arm64: ['neon'] };

/** Beside the bundle; a test that imports this source finds it in the build. */
function folder(): string {
  const own = join(__dirname, 'kernels');
  return existsSync(own) ? own : join(__dirname, '..', '..', '..', 'dist', 'kernels');
}

export function fileOf(variant: string): string {
  return join(folder(), `${process.platform}-${process.arch}-${variant}.node`);
}

/** The instructions for which there are kernels, whether or not this processor has them. */
export function builtKernels(): string[] {
  return (variants[process.arch] ?? []).filter((variant) => existsSync(fileOf(variant)));
}
