/**
 * Connections on their way to a worker. node:cluster accepts them in the primary and hands each to a worker, which says that it has it. Of a
 * worker that dies before it says so node:cluster learns nothing: the connection stays open, and no worker serves it.
 */

import type { Worker } from 'node:cluster'

/** What node:cluster sends to a worker, and what comes back. Not public; where it differs, connections are left alone. */
interface ClusterMessage {
  readonly cmd?: string
  readonly act?: string
  readonly seq?: number
  readonly ack?: number
}

/** A connection that was accepted. */
interface Handle {
  close(): void
}

/**
 * Watches over the connections that a worker is handed. When it dies, those that it did not take go to another worker, or are closed. No byte
 * of them was read: a worker reads after it has said that it has the connection.
 * @param othersServe whether there is another worker whose port is open
 */
export function keepHandedConnections({ process: child }: Worker, othersServe: () => boolean): void {
  const handed = new Map<number, Handle>()
  const { send } = child
  child.send = (message: ClusterMessage, ...more: unknown[]): boolean => {
    const { seq } = message
    if (message.act === 'newconn' && seq !== undefined) handed.set(seq, more[0] as Handle)
    return Reflect.apply(send, child, [message, ...more])
  }
  child.on('internalMessage', ({ ack }: ClusterMessage) => {
    if (ack !== undefined) handed.delete(ack)
  })
  const passOn = (): void => {
    // until the channel has ended, something that the worker said may be unread; it does not always emit `disconnect`
    if (child.connected) return void setImmediate(passOn)
    for (const [ack, handle] of handed) {
      handed.delete(ack)
      if (othersServe()) child.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack, accepted: false })
      else handle.close()
    }
  }
  child.once('exit', passOn)
}
