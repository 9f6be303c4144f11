/** Says why Go could not compile a plugin, where its own words mislead. */

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { symbolsOf } from './go-symbols.js'
import type { GoPackage } from './toolchain.js'

/** Returns where a package uses cgo, as a message; undefined = it does not. */
export function cgoFault(folder: string, files: readonly string[], shown: string): string | undefined {
  for (const file of files) {
    const { cgoLine } = symbolsOf(readFileSync(path.join(folder, file), 'utf8'))
    if (cgoLine > 0)
      return `${path.join(shown, file)}:${cgoLine} uses cgo; WebAssembly has no C library. A pure Go replacement is needed`
  }
  return undefined
}

const EXCLUDED = /build constraints exclude all Go files in (\S+)/g
/** What only some operating systems have. */
const NATIVE = /undefined: (?:syscall|unix|windows)\.\w+/
/** A name that may stand in a file which was left out. */
const UNKNOWN = /undefined: \w/
const MISSING_SUM = /missing go\.sum entry/

/** Returns the message for a compiler that has failed. */
export function compileFault(stderr: string, folder: string, listed: GoPackage): string {
  const text = stderr.trim()
  const own = cgoFault(folder, listed.ignored, '')
  if (own !== undefined) return own
  for (const [, excluded] of text.matchAll(EXCLUDED)) {
    const fault = cgoOf(excluded!)
    if (fault !== undefined) return fault
  }
  if (NATIVE.test(text) || /build constraints exclude all Go files in \S*(?:unix|linux|windows)/.test(text)) {
    return `${text}\nthese exist on Linux only`
  }
  const left = leftOut(listed)
  if (UNKNOWN.test(text) && left !== undefined) return `${text}\n${left}`
  if (MISSING_SUM.test(text)) return `${text}\nrun \`go mod tidy\` in ${folder}`
  return text === '' ? 'go build failed without a word' : text
}

/** Returns which files a package has for other systems or tags, as a message; undefined = none. */
export function leftOut({ ignored }: Pick<GoPackage, 'ignored'>): string | undefined {
  if (ignored.length === 0) return undefined
  return `left out by their names or \`//go:build\` lines: ${ignored.join(', ')}. WebAssembly is GOOS=js GOARCH=wasm; --tags gives tags`
}

/** A dependency whose every file was left out: mostly since it uses cgo. */
function cgoOf(folder: string): string | undefined {
  try {
    const files = readdirSync(folder).filter(name => name.endsWith('.go') && !name.endsWith('_test.go'))
    return cgoFault(folder, files, folder.replace(/^.*\/pkg\/mod\//, ''))
  } catch {
    return undefined
  }
}
