/** `static.Modifier`: responses from files. It never leaves its root, and reads regular files only. */

import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, realpath, stat } from 'node:fs/promises'
import { extname, join, posix, resolve, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { GatewayError, type GatewayRequest, type GatewayResponse } from 'sluice/plugin'
import { replaceBody } from './body-edits.js'
import { decodePath } from './call-url.js'
import type { Edits } from './edits.js'
import { escaped, type OptionKeys } from './option-keys.js'

/** bytes; larger files flow. */
const MAX_WHOLE = 64 * 1024

/** Requests whose call is not made. */
const uncalled = new WeakSet<GatewayRequest>()

/** Says whether a `static.Modifier` stands for the call of a request. */
export function isUncalled(request: GatewayRequest): boolean {
  return uncalled.has(request)
}

export async function staticModifier(keys: OptionKeys): Promise<Edits> {
  const root = resolve(keys.text('rootPath'))
  const files = keys.textMap('explicitPaths')
  for (const [path, file] of files) {
    if (isInside(root, join(root, file))) continue
    keys.faults.add(`${keys.at('explicitPaths')}/${escaped(path)}`, `'${file}' is not below the root`)
  }
  if (!(await isFolder(root))) keys.faults.warn(keys.at('rootPath'), `'${root}' is no folder: every file is missing`)
  return {
    request: request => void uncalled.add(request),
    response: async (response, request) => {
      const path = posix.normalize(`/${Buffer.from(decodePath(request.path), 'latin1').toString()}`)
      const file = await openBelow(root, join(root, files.get(path) ?? path))
      if (file === undefined) response.status = 404
      else await send(file, response, request)
    }
  }
}

const isInside = (root: string, file: string): boolean => file === root || file.startsWith(root.endsWith(sep) ? root : root + sep)

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

/** An open file and what is known of it. */
interface OpenFile {
  readonly handle: FileHandle
  readonly stats: Stats
  readonly path: string
}

/** Opens a regular file; undefined when it is none, is not there, or a link leads out of the root. */
async function openBelow(root: string, path: string): Promise<OpenFile | undefined> {
  let handle: FileHandle | undefined
  try {
    const real = await realpath(path)
    if (!isInside(await realpath(root), real)) return undefined
    handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stats = await handle.stat()
    if (stats.isFile()) return { handle, stats, path }
    await handle.close()
    return undefined
  } catch (cause) {
    await handle?.close()
    if (ABSENT.has((cause as NodeJS.ErrnoException).code ?? '')) return undefined
    throw new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: 'a file of static.Modifier cannot be read', cause })
  }
}

/** No such file, a name that no file can have, links that lead to themselves. */
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'ERR_INVALID_ARG_VALUE'])

async function send({ handle, stats, path }: OpenFile, response: GatewayResponse, request: GatewayRequest): Promise<void> {
  const { size } = stats
  if (size <= MAX_WHOLE) {
    const bytes = await handle.readFile().finally(() => handle.close())
    replaceBody(response, request, bytes.length, (from, to) => bytes.subarray(from, to + 1))
  } else {
    let stream: Readable | undefined
    replaceBody(response, request, size, (start, end) => {
      stream = handle.createReadStream({ start, end })
      return stream
    })
    if (stream === undefined) await handle.close()
  }
  response.headers.set('Content-Type', TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream')
}

/** Media types that Go knows without the machine's own list, and few more. */
const TYPES: Readonly<Record<string, string>> = {
  '.avif': 'image/avif',
  '.css': 'text/css; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.gif': 'image/gif',
  '.htm': 'text/html; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/vnd.microsoft.icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.xml': 'text/xml; charset=utf-8',
  '.yaml': 'application/yaml',
  '.yml': 'application/yaml',
  '.zip': 'application/zip'
}
