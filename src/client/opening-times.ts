import type { Socket } from 'node:net'

/** How long parts of opening a connection took, ms; 0 = there was no such part. */
export interface OpeningTimes {
  readonly lookupMs: number
  readonly tlsMs: number
}

/** Measures one connection from its first step on. */
export class OpeningWatch implements OpeningTimes {
  lookupMs = 0
  tlsMs = 0
  private readonly startedAt = performance.now()

  /** @param socket that has begun to connect; undefined where a connector tells nothing of it */
  constructor(socket: Socket | undefined) {
    if (socket === undefined) return
    socket.once('lookup', () => {
      this.lookupMs = performance.now() - this.startedAt
    })
    socket.once('connect', () => {
      const from = performance.now()
      socket.once('secureConnect', () => {
        this.tlsMs = performance.now() - from
      })
    })
  }
}
