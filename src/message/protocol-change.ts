import type { Socket } from 'node:net'

/** A client's wish to change the protocol of its connection (RFC 9110 §7.8), open until the exchange has its response. */
export interface UpgradeOffer {
  /** What it offers, as it goes on in `Upgrade`: `websocket`. */
  readonly protocol: string
  /** Takes the connection over; the listener speaks on it no more. What the client sent ahead can be read from the socket again. Called once. */
  accept(): Socket
}

/** An upstream connection that has changed its protocol; the code that holds it destroys it. Errors on it have a listener. */
export interface UpstreamTunnel {
  readonly socket: Socket
  /** What the upstream chose, as it wrote it in `Upgrade`. */
  readonly protocol: string
}
