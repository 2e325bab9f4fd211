// Where set-up keeps what is large and can be fetched again: the user's cache folder, outside the repository.
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder in which this platform's programs keep such things, with a folder of our own in it. */
export function cacheFolder() {
  if (process.platform === 'win32')
    return join(process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'aenb', 'Cache');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'aenb');
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'aenb');
}
