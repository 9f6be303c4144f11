import type { Socket } from 'node:net'

const CRLF2 = Buffer.from('\r\n\r\n')
/** Longest interim head that is waited for, bytes. */
const MAX_HEAD = 16 * 1024

/**
 * Takes interim answers out of what a socket gives to undici, which ends the connection over a `100 Continue` that nobody
 * asked for; a client must be able to parse any number of them (RFC 9110 §15.2). `awaitsHead` is false while a body flows:
 * then bytes are not looked at. 101 passes: it ends HTTP on its connection.
 */
export function skipContinues(socket: Socket, awaitsHead: () => boolean): void {
  const read = socket.read
  let held: Buffer | undefined
  socket.read = function (size?: number): Buffer | null {
    for (;;) {
      let chunk = read.call(this, size) as Buffer | null
      if (chunk === null || (held === undefined && !isInterim(chunk))) return chunk
      if (!awaitsHead()) return chunk
      if (held !== undefined) chunk = Buffer.concat([held, chunk])
      held = undefined
      let rest = chunk
      while (rest.length > 0 && startsInterim(rest)) {
        const end = rest.indexOf(CRLF2)
        if (end < 0) {
          if (rest.length > MAX_HEAD) return rest
          held = rest
          rest = rest.subarray(rest.length)
          break
        }
        rest = rest.subarray(end + 4)
      }
      if (rest.length > 0) return rest
    }
  }
}

/** `HTTP/1.x 1`: one comparison for nearly every chunk. */
function isInterim(chunk: Buffer): boolean {
  return chunk[9] === 0x31 && chunk[0] === 0x48
}

function startsInterim(chunk: Buffer): boolean {
  if (chunk.length < 12 || chunk.toString('latin1', 0, 7) !== 'HTTP/1.') return false
  const status = chunk.toString('latin1', 8, 12)
  return status.startsWith(' 1') && status !== ' 101'
}
