/** Why a file could not be read, in the words of a shell, and what to do. */

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory'
}

/** Returns what an error of `node:fs` means, without the name of its file. */
export function readFault(cause: unknown): string {
  return REASONS[(cause as NodeJS.ErrnoException).code ?? ''] ?? (cause as Error).message
}

/** Returns what to do about `cause` where a configuration is asked for; undefined where the fault says it all. */
export function readAdvice(cause: unknown): string | undefined {
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'EISDIR') return 'name the configuration file in it'
  return code === 'EACCES' ? 'this user must be allowed to read it, and to enter its folders' : undefined
}
