/** What the command's exit status says, as DESIGN and shells know it. */
export const EXIT = { ok: 0, cellFailed: 1, badCall: 2, timeOut: 124, interrupted: 130 } as const;

/** A call or a file that the command cannot work with: its message is all the user sees, and the exit status is 2. */
export class BadCall extends Error {
  override readonly name = 'BadCall';
}

/** The plain reason of a failed file operation: what the system's error code means. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file or folder',
    ENOTDIR: 'a part of its path is not a folder',
    EISDIR: 'it is a folder',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk quota is used up',
    ENAMETOOLONG: 'the name is too long',
    EEXIST: 'it is already there',
    EMFILE: 'too many files are open',
  };
  return (code && reasons[code]) || message || String(error);
}
