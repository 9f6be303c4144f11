/** Raw HTTP for the chaos test: an upstream and a client that break off at a byte of one's choice. */

import { connect, createServer, type Server, type Socket } from 'node:net'
import { within } from '../support/waiting.js'

/** How one side misbehaves; `at` is a part of all its bytes, 0…1. */
export interface Cut {
  readonly side: 'none' | 'upstream' | 'upstream-reading' | 'client-writing' | 'client-reading'
  readonly at: number
  readonly reset: boolean
  /** Bytes per write. */
  readonly piece: number
}

/** What the upstream answers. */
export interface Reply {
  readonly status: number
  readonly body: string
  readonly chunked: boolean
}

function responseBytes(reply: Reply): Buffer {
  const head = `HTTP/1.1 ${reply.status} OK\r\nContent-Type: application/json\r\n`
  if (!reply.chunked) return Buffer.from(`${head}Content-Length: ${reply.body.length}\r\n\r\n${reply.body}`)
  let text = `${head}Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n`
  for (let from = 0; from < reply.body.length; from += 5000) {
    const part = reply.body.slice(from, from + 5000)
    text += `${part.length.toString(16)}\r\n${part}\r\n`
  }
  return Buffer.from(`${text}0\r\nX-Sum: ${reply.body.length}\r\n\r\n`)
}

function drop(socket: Socket, reset: boolean): void {
  if (reset) socket.resetAndDestroy()
  else socket.destroy()
}

/** Writes a part of the bytes piece by piece, then goes on, or breaks off. */
function write(socket: Socket, bytes: Buffer, part: number, piece: number, done: () => void): void {
  const end = Math.floor(bytes.length * part)
  let from = 0
  const next = (): void => {
    if (socket.destroyed) return
    if (from >= end) return done()
    const to = Math.min(end, from + piece)
    const more = socket.write(bytes.subarray(from, to))
    from = to
    if (more) setImmediate(next)
    else socket.once('drain', next)
  }
  next()
}

/** One request as the upstream read it. */
export interface Asked {
  readonly method: string
  readonly target: string
  readonly bodyBytes: number
}

/** Opens an upstream; `plan` says how to answer a target, and how to break off. */
export function createUpstream(plan: (target: string) => { reply: (asked: Asked) => Reply; cut: Cut }): Server {
  return createServer({ noDelay: true }, socket => {
    let held = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', chunk => {
      held = Buffer.concat([held, chunk])
      serve()
    })
    const serve = (): void => {
      const end = held.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = held.toString('latin1', 0, end)
      const [method = '', target = ''] = head.split(' ', 2)
      const { reply, cut } = plan(target)
      const body = bodyEnd(head, held, end + 4)
      const reading = cut.side === 'upstream-reading'
      if (reading && (body === undefined || held.length - end - 4 > cut.at * 60_000)) return drop(socket, cut.reset)
      if (body === undefined) return
      held = held.subarray(body.end)
      const bytes = responseBytes(reply({ method, target, bodyBytes: body.bytes }))
      if (cut.side === 'upstream') write(socket, bytes, cut.at, cut.piece, () => drop(socket, cut.reset))
      else write(socket, bytes, 1, cut.piece, () => held.length > 0 && serve())
    }
  })
}

/** Where the body ends, undefined while more is to come. */
function bodyEnd(head: string, held: Buffer, start: number): { end: number; bytes: number } | undefined {
  const length = /^content-length: *(\d+)/im.exec(head)
  if (length !== null) {
    const bytes = Number(length[1])
    return held.length >= start + bytes ? { end: start + bytes, bytes } : undefined
  }
  if (!/^transfer-encoding: *chunked/im.test(head)) return { end: start, bytes: 0 }
  return unchunk(held, start)
}

function unchunk(held: Buffer, start: number): { end: number; bytes: number; parts: Buffer[] } | undefined {
  let at = start
  let bytes = 0
  const parts: Buffer[] = []
  for (;;) {
    const line = held.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(held.toString('latin1', at, line), 16)
    if (size === 0) {
      // trailers, if any, end with an empty line
      let to = line + 2
      for (;;) {
        const next = held.indexOf('\r\n', to)
        if (next < 0) return undefined
        if (next === to) return { end: next + 2, bytes, parts }
        to = next + 2
      }
    }
    if (held.length < line + 2 + size + 2) return undefined
    parts.push(held.subarray(line + 2, line + 2 + size))
    bytes += size
    at = line + 2 + size + 2
  }
}

/** What a client saw: a whole message, or one that is visibly broken. */
export type Outcome =
  | { readonly whole: false }
  | { readonly whole: true; readonly status: number; readonly head: string; readonly body: string }

const BROKEN: Outcome = { whole: false }

/** Sends a request and hears the answer, or breaks off; settles when the connection is closed. */
export function ask(port: number, head: string, body: Buffer, cut: Cut): Promise<Outcome> {
  const outcome = new Promise<Outcome>(resolve => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const heard: Buffer[] = []
    let size = 0
    const limit = cut.side === 'client-reading' ? 1 + Math.floor(cut.at * 70_000) : Infinity
    socket.on('error', () => {})
    socket.on('data', chunk => {
      heard.push(chunk)
      size += chunk.length
      if (size >= limit) drop(socket, cut.reset)
    })
    socket.on('close', () => resolve(readAnswer(Buffer.concat(heard))))
    const bytes = Buffer.concat([Buffer.from(head, 'latin1'), body])
    const part = cut.side === 'client-writing' ? cut.at : 1
    write(socket, bytes, part, Math.max(cut.piece, 500), () => {
      if (cut.side === 'client-writing') drop(socket, cut.reset)
    })
  })
  return within(`the end of ${head.split('\r\n')[0]}`, outcome)
}

function readAnswer(heard: Buffer): Outcome {
  const end = heard.indexOf('\r\n\r\n')
  if (end < 0) return BROKEN
  const head = heard.toString('latin1', 0, end)
  const status = Number(head.slice(9, 12))
  const length = /^content-length: *(\d+)/im.exec(head)
  if (length !== null) {
    const body = heard.subarray(end + 4)
    return body.length === Number(length[1]) ? { whole: true, status, head, body: body.toString() } : BROKEN
  }
  const chunks = unchunk(heard, end + 4)
  return chunks === undefined ? BROKEN : { whole: true, status, head, body: Buffer.concat(chunks.parts).toString() }
}
