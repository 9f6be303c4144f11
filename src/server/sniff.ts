/** Tells HTTP/2 with prior knowledge (RFC 9113 §3.3) from HTTP/1 by the first bytes of a cleartext connection. */

import type { Socket } from 'node:net'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/**
 * Reads as much as is needed to decide, puts it back and calls `decided` once. A connection that stays silent for
 * `timeoutMs`, or breaks, is destroyed without a call.
 */
export function sniffProtocol(socket: Socket, timeoutMs: number, decided: (isHttp2: boolean) => void): void {
  let head: Buffer | undefined
  const give = (): void => void socket.destroy()
  const timer = setTimeout(give, timeoutMs).unref()
  const read = (): void => {
    // newer versions of Node.js return one chunk at a time
    for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
      head = head === undefined ? chunk : Buffer.concat([head, chunk])
    }
    if (head === undefined) return
    const compared = Math.min(head.length, PREFACE.length)
    const fits = head.compare(PREFACE, 0, compared, 0, compared) === 0
    if (fits && compared < PREFACE.length) return
    stop()
    socket.unshift(head)
    decided(fits)
  }
  const stop = (): void => {
    clearTimeout(timer)
    socket.removeListener('readable', read)
    socket.removeListener('error', give)
    socket.removeListener('end', give)
    socket.removeListener('close', stop)
  }
  socket.on('readable', read)
  socket.on('error', give)
  socket.on('end', give)
  socket.on('close', stop)
}
