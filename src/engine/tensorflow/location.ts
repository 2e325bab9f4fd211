import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import envPaths from 'env-paths';

/**
 * Where the native engine lies. An installation is a folder of its own in the user's cache: the addon, the libraries
 * beside it and a manifest, which `engine/install` writes only after it saw the addon compute.
 */

/** Version of the addon's sources (@tensorflow/tfjs-node) that this package speaks to. */
export const addonVersion = '4.22.0';

/** How TensorFlow's library gets here, the preferred one first, and the version that each brings. */
export const libraryVersions = { wheel: '2.21.0', download: '2.9.1' } as const;
export type Road = keyof typeof libraryVersions;

export const addonFile = 'tfjs_binding.node';
const manifestFile = 'installed.json';

/** What is known of a complete installation. */
export interface Manifest {
  road: Road;
  /** TensorFlow's version as the loaded library says it. */
  version: string;
  addon: string;
  platform: string;
  arch: string;
  /** Size on disk. */
  bytes: number;
  /** ISO date. */
  installed: string;
}

/** Folder of everything this package caches for the user. */
export function cacheFolder(): string {
  return envPaths('aenb', { suffix: '' }).cache;
}

/** Parent of all installations and of what an unfinished one left. */
export function nativeFolder(): string {
  return join(cacheFolder(), 'native');
}

/** Name carries all that makes two installations differ, so that an update never meets an old file. */
export function installationFolder(road: Road): string {
  const name = `tensorflow-${libraryVersions[road]}-addon-${addonVersion}-${process.platform}-${process.arch}`;
  return join(nativeFolder(), name);
}

export interface Installation {
  folder: string;
  addon: string;
  /** Missing for a folder that the user names in AENB_NATIVE. */
  manifest?: Manifest;
}

/**
 * The installation that would be used: the folder named by AENB_NATIVE and no other if that is set, else the first
 * complete one in the cache.
 */
export function findInstallation(): Installation | undefined {
  const own = process.env.AENB_NATIVE;
  if (own) {
    const addon = join(own, addonFile);
    return existsSync(addon) ? { folder: own, addon, manifest: readManifest(own) } : undefined;
  }
  for (const road of Object.keys(libraryVersions) as Road[]) {
    const folder = installationFolder(road);
    const addon = join(folder, addonFile);
    const manifest = readManifest(folder);
    if (manifest && existsSync(addon)) return { folder, addon, manifest };
  }
  return undefined;
}

/** The addon (.node file) of a complete installation. Cheap: looks at files, loads nothing. */
export function addonPath(): string | undefined {
  return findInstallation()?.addon;
}

function readManifest(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(manifestPath(folder), 'utf8')) as Manifest;
  } catch {
    return undefined; // no manifest, or one cut short: not a complete installation
  }
}

export function manifestPath(folder: string): string {
  return join(folder, manifestFile);
}
