/** A server that speaks the protocol of Redis as a test tells it to, also wrongly. */

import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { once } from '../../support/waiting.js'

/** Says what the server does with a command. */
export type Reply = (socket: Socket, command: readonly string[]) => void

export interface OddRedis {
  readonly address: string
  readonly sockets: ReadonlySet<Socket>
  /** Names of all commands, lower case. */
  readonly commands: readonly string[]
  connections: number
  reply: Reply
}

/** What a login asks. */
const HANDSHAKE: Readonly<Record<string, string>> = {
  info: '$19\r\nredis_version:7.0.0\r\n',
  client: '+OK\r\n',
  select: '+OK\r\n',
  auth: '+OK\r\n'
}

/** Replies to the commands of a login; all others get `text`. */
export function afterLogin(text: string | Reply): Reply {
  return (socket, command) => {
    const known = HANDSHAKE[command[0]!.toLowerCase()]
    if (known !== undefined) socket.write(known)
    else if (typeof text === 'string') socket.write(text)
    else text(socket, command)
  }
}

export async function oddRedis(owner: Pick<TestContext, 'after'>, reply: Reply): Promise<OddRedis> {
  const sockets = new Set<Socket>()
  const commands: string[] = []
  const server = createServer(socket => {
    odd.connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    let held = ''
    socket.on('data', chunk => {
      held += chunk.toString('latin1')
      for (let read = readCommand(held); read !== undefined; read = readCommand(held)) {
        held = held.slice(read.end)
        commands.push(read.parts[0]!.toLowerCase())
        odd.reply(socket, read.parts)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  owner.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const odd: OddRedis = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    commands,
    connections: 0,
    reply
  }
  return odd
}

/** Reads `*2\r\n$3\r\nGET\r\n$1\r\na\r\n`; undefined while it is not complete. */
function readCommand(text: string): { parts: string[]; end: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text)
  if (head === null) return undefined
  let end = head[0].length
  const parts: string[] = []
  for (let left = Number(head[1]); left > 0; left--) {
    const length = /^\$(\d+)\r\n/.exec(text.slice(end))
    if (length === null) return undefined
    end += length[0].length
    const part = text.slice(end, end + Number(length[1]))
    end += part.length + 2
    if (text.length < end) return undefined
    parts.push(part)
  }
  return { parts, end }
}
