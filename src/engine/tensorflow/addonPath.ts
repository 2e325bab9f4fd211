import { addonPath, nativeFolder } from './location.ts';

/** Stands in for node-pre-gyp, which tfjs-node asks where its addon is. */
export function find(): string {
  const path = addonPath();
  if (path) return path;
  const own = process.env.AENB_NATIVE;
  throw new Error(
    own
      ? `AENB_NATIVE names ${own}, where there is no native engine`
      : `the native engine is not installed in ${nativeFolder()}: run \`aenb engine install\``,
  );
}
