/**
 * Reads files that a configuration names. Opening one never waits: a pipe without a writer would hold a thread, and with it the start, a
 * reload, and the end of the process.
 */

import { close, closeSync, constants, fstatSync, open, openSync, read, readFileSync, readSync } from 'node:fs'
import { Socket } from 'node:net'
import { promisify } from 'node:util'

const opened = promisify(open)
const closed = promisify(close)
const readSome = promisify(read)

const PIECE_BYTES = 64 * 1024
/** Files that are open at once. */
const SIDE_BY_SIDE = 16

const WITHOUT_WAITING = constants.O_RDONLY | constants.O_NONBLOCK

/** @rejects Error for what cannot be read, and for a pipe without a text: it gives one only once */
export async function readWhole(file: string): Promise<Buffer> {
  const fd = await opened(file, WITHOUT_WAITING)
  const found = fstatSync(fd)
  if (found.isFIFO()) return readPipe(fd) // by this descriptor: a writer that ends leaves nothing to another one
  try {
    return await readAll(fd, found.size)
  } finally {
    await closed(fd)
  }
}

/** Reads files in their order, some of them side by side; a file that cannot be read does not end it. */
export async function readMany(files: readonly string[]): Promise<PromiseSettledResult<Buffer>[]> {
  const results: PromiseSettledResult<Buffer>[] = []
  for (let at = 0; at < files.length; at += SIDE_BY_SIDE)
    results.push(...(await Promise.allSettled(files.slice(at, at + SIDE_BY_SIDE).map(readWhole))))
  return results
}

/** Reads to the end. `fs.readFile` would lose errors of a descriptor that is open already. @param size as the file tells; 0 = unknown */
async function readAll(fd: number, size: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let total = 0
  for (;;) {
    const chunk = Buffer.allocUnsafe(total < size ? size - total + 1 : PIECE_BYTES)
    const { bytesRead } = await readSome(fd, chunk, 0, chunk.length, null)
    if (bytesRead > 0) chunks.push(chunk.subarray(0, bytesRead))
    total += bytesRead
    // one byte more than the file has was asked for
    if (bytesRead === 0 || total === size) return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  }
}

/** As {@link readWhole}, but refuses pipes. @throws Error */
export function readWholeSync(file: string): Buffer {
  const fd = openSync(file, WITHOUT_WAITING)
  try {
    if (fstatSync(fd).isFIFO()) throw new Error('a pipe is no file')
    return readFileSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Waits for the end of a pipe that has a writer; holds no thread meanwhile. */
async function readPipe(fd: number): Promise<Buffer> {
  const first = readNow(fd)
  if (first?.length === 0) {
    await closed(fd)
    throw new Error('a pipe without a text; what was read before is gone')
  }
  const chunks = first === undefined ? [] : [first]
  for await (const chunk of new Socket({ fd, readable: true, writable: false })) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Returns what a pipe has at once, no bytes where it has no writer, undefined where its writer has written nothing yet. */
function readNow(fd: number): Buffer | undefined {
  const bytes = Buffer.alloc(PIECE_BYTES)
  try {
    return bytes.subarray(0, readSync(fd, bytes))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined
    closeSync(fd)
    throw error
  }
}
