/** An address to listen on, as Go writes it. */
export interface ListenAddress {
  /** '' = all addresses. */
  readonly host: string
  /** 0 = the system chooses. */
  readonly port: number
}

/** Reads `:8090`, `127.0.0.1:8090`, `[::1]:8090`. Undefined for anything else. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const port = Number(match[3])
  return port > 65535 ? undefined : { host: match[1] ?? match[2] ?? '', port }
}
