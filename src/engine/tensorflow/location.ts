import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import envPaths from 'env-paths';

/**
 * Where the native engine lies. An installation is a folder of its own in the user's cache: the addon, the libraries
 * beside it and a manifest, which `engine/install` writes only after it saw the addon compute.
 */

/** Version of the addon's sources (@tensorflow/tfjs-node) that this package speaks to. */
export const addonVersion = '4.22.0';

/** How TensorFlow's library gets here, the preferred one first. */
export const roads = ['wheel', 'download'] as const;
export type Road = (typeof roads)[number];

/** TensorFlow's version that a road brings: the newest built for this kind of machine. */
export function libraryVersion(road: Road, platform = process.platform, arch = process.arch): string {
  if (road === 'wheel') return platform === 'darwin' && arch === 'x64' ? '2.16.2' : '2.21.0';
  return arch === 'x64' ? '2.9.1' : '2.7.0';
}

/** The addon's name; compiled here it lies at the top of its folder, as its makers built it in `officialAddonFolder`. */
export const addonFile = 'tfjs_binding.node';
export const officialAddonFolder = join('lib', 'napi-v8');
const manifestFile = 'installed.json';

/** What is known of a complete installation. */
export interface Manifest {
  road: Road;
  /** TensorFlow's version as the loaded library says it. */
  version: string;
  /** Where in the folder the addon is. */
  addonFile: string;
  addonVersion: string;
  platform: string;
  arch: string;
  /** Size on disk. */
  bytes: number;
  /** ISO date. */
  installed: string;
}

/** Folder of everything this package caches for the user; AENB_CACHE puts it elsewhere, say on a larger disk. */
export function cacheFolder(): string {
  return process.env.AENB_CACHE || envPaths('aenb', { suffix: '' }).cache;
}

/** Parent of all installations and of what an unfinished one left. */
export function nativeFolder(): string {
  return join(cacheFolder(), 'native');
}

/** Name carries all that makes two installations differ, so that an update never meets an old file. */
export function installationFolder(road: Road): string {
  const name = `tensorflow-${libraryVersion(road)}-addon-${addonVersion}-${process.platform}-${process.arch}`;
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
  if (own) return look(own, false);
  for (const road of roads) {
    const found = look(installationFolder(road), true);
    if (found) return found;
  }
  return undefined;
}

function look(folder: string, needsManifest: boolean): Installation | undefined {
  const manifest = readManifest(folder);
  if (needsManifest && !manifest) return undefined;
  const places = manifest ? [manifest.addonFile] : [addonFile, join(officialAddonFolder, addonFile)];
  const addon = places.map((place) => join(folder, place)).find(existsSync);
  return addon ? { folder, addon, manifest } : undefined;
}

/** The addon (.node file) of a complete installation. Cheap: looks at files, loads nothing. */
export function addonPath(): string | undefined {
  return findInstallation()?.addon;
}

function readManifest(folder: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(manifestPath(folder), 'utf8')) as Partial<Manifest>;
    return typeof manifest.addonFile === 'string' ? (manifest as Manifest) : undefined;
  } catch {
    return undefined; // no manifest, or one cut short: not a complete installation
  }
}

export function manifestPath(folder: string): string {
  return join(folder, manifestFile);
}
