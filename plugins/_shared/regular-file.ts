/** Reads files that a configuration names. */

import { constants, type FileHandle, open } from 'node:fs/promises'
import { isAbsolute } from 'node:path'

/** bytes; scripts, documents and keys are far smaller. */
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Reads a regular file of bounded size. Devices and pipes are refused: some never end, others make a start wait.
 * @rejects Error that says why it cannot be read
 */
export async function readRegularFile(path: string, maxBytes: number = MAX_BYTES): Promise<Buffer> {
  // a pipe without a writer opens at once with O_NONBLOCK
  const handle = await opened(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!(await handle.stat()).isFile()) throw new Error(`${path} is not a regular file`)
    const chunks: Buffer[] = []
    let length = 0
    // the size that a file system tells may be wrong, as below /proc
    for await (const chunk of handle.createReadStream({ autoClose: false, end: maxBytes })) {
      chunks.push(chunk as Buffer)
      length += (chunk as Buffer).length
    }
    if (length > maxBytes) throw new Error(`${path} has more than ${maxBytes} bytes`)
    return Buffer.concat(chunks)
  } finally {
    await handle.close()
  }
}

/** @rejects Error that says where a relative path was looked for */
async function opened(path: string, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags)
  } catch (cause) {
    const from = isAbsolute(path) ? '' : ` (relative paths count from the working directory, ${process.cwd()})`
    // Node says `ENOENT: no such file or directory, open '…'`
    const reason = (cause as Error).message.replace(/^[A-Z\d]+: (.*), open '.*'$/s, '$1')
    throw new Error(`open ${path}: ${reason}${from}`, { cause })
  }
}
