/** The root key `plugin`: where plugins come from, and what guests may use. */

import type { ObjectReader } from '../object-reader.js'
import { parseSize } from '../size.js'
import type { PluginsConfig } from '../types.js'

/** What a WebAssembly instance can have at most, bytes. */
const MOST_MEMORY = 4 * 1024 ** 3
const DEFAULT_MEMORY = 512_000_000

export function readPlugins(root: ObjectReader): PluginsConfig | undefined {
  const part = root.object('plugin')
  if (part === undefined) return undefined
  const modules = part.strings('modules')
  const named = part.key('folder') !== undefined || modules.length === 0
  const folder = part.string('folder', '')
  const config = {
    folder: named ? folder : undefined,
    pattern: part.string('pattern', ''),
    modules,
    onError: part.choice('on_error', ['fail', 'skip'], 'fail'),
    maxGuestMemory: readMaxMemory(part.object('wasm'))
  }
  part.finish()
  return config
}

function readMaxMemory(part: ObjectReader | undefined): number {
  if (part === undefined) return DEFAULT_MEMORY
  const value = part.raw('max_memory')
  part.finish()
  if (value === undefined) return DEFAULT_MEMORY
  const bytes = parseSize(value)
  if (bytes !== undefined && bytes >= 64 * 1024 && bytes <= MOST_MEMORY) return bytes
  const message = "'max_memory' is not a size from 64KiB to 4GiB"
  part.findings.add('error', part.at('max_memory'), message, 'write it like "512MB" or "256MiB"')
  return DEFAULT_MEMORY
}
