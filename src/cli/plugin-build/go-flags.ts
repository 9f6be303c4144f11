/** What an author's GOFLAGS say, from the environment or `go env -w`. */

/** Flags that say how native programs are built, that change what a command prints, or that keep it from building. */
const NATIVE = /^-{1,2}(?:race|msan|asan|cover|covermode|coverpkg|linkshared|buildmode|compiler|json|n)(?:=|$)/
const LINKER = /^-{1,2}ldflags=(?=-)/
const OVERLAY = /^-{1,2}overlay(?:=|$)/

/** A flag, which may stand in quotes as a whole. */
const FLAG = /'([^']*)'|"([^"]*)"|(\S+)/g

/** Returns the flags of a text, without what does not go with WebAssembly. */
export const readGoFlags = (text: string): readonly string[] =>
  [...text.matchAll(FLAG)].map(([, single, double, plain]) => single ?? double ?? plain!).filter(flag => !NATIVE.test(flag))

/** Writes flags as a text that counts, also where there are none: of an empty one Go takes that of `go env -w`. */
export const writeGoFlags = (flags: readonly string[]): string => flags.map(quoted).join(' ') || ' '

function quoted(flag: string): string {
  if (!/\s/.test(flag)) return flag
  return flag.includes("'") ? `"${flag}"` : `'${flag}'`
}

/** Returns what the flags tell the linker, as one text. */
export function linkerFlags(flags: readonly string[]): string {
  const last = flags.findLast(flag => LINKER.test(flag))
  return last === undefined ? '' : last.replace(LINKER, '')
}

export const hasOverlay = (flags: readonly string[]): boolean => flags.some(flag => OVERLAY.test(flag))
