/**
 * Reads files that a configuration names. Opening one never waits: a pipe without a writer would hold a thread, and with it the start, a
 * reload, and the end of the process.
 */

import { close, closeSync, constants, fstatSync, open, openSync, readFileSync, readSync } from 'node:fs'
import { open as openHandle } from 'node:fs/promises'
import { Socket } from 'node:net'
import { promisify } from 'node:util'

const opened = promisify(open)
const closed = promisify(close)

const WITHOUT_WAITING = constants.O_RDONLY | constants.O_NONBLOCK

/** @rejects Error for what cannot be read, and for a pipe without a text: it gives one only once */
export async function readWhole(file: string): Promise<Buffer> {
  const fd = await opened(file, WITHOUT_WAITING)
  if (fstatSync(fd).isFIFO()) return readPipe(fd) // by this descriptor: a writer that ends leaves nothing to another one
  await closed(fd)
  const handle = await openHandle(file, WITHOUT_WAITING)
  try {
    return await handle.readFile()
  } finally {
    await handle.close()
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
  const bytes = Buffer.alloc(64 * 1024)
  try {
    return bytes.subarray(0, readSync(fd, bytes))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined
    closeSync(fd)
    throw error
  }
}
