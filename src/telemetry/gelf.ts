/**
 * Messages for Graylog in GELF 1.1: UDP, in chunks where one datagram does not hold them, or TCP, each ended by a null byte.
 *
 * In: lines of the application log and entries of the access log. The server may be away: what waits for it is bounded, the rest is dropped
 * and counted, and the gateway never waits.
 */

import { hostname } from 'node:os'
import type { Json } from '../config/types.js'
import type { AccessEntry, AccessLog } from './access-log.js'
import { type GelfAddress, type GelfLink, TcpLink, UdpLink } from './gelf-link.js'
import type { LogLevel } from './logger.js'
import { SEVERITIES } from './syslog.js'

/** Characters of a text that are sent; 128 chunks hold them whatever they are. */
const MAX_TEXT = 16 * 1024
/** Characters of the first line, where the whole text goes with it. */
const MAX_FIRST = 1024

/** Reads `host:port` or `[ipv6]:port`; undefined for anything else. */
export function parseGelfAddress(text: string): GelfAddress | undefined {
  const match = /^(?:\[([\da-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port < 1 || port > 65_535) return undefined
  return { host: (match[1] ?? match[2])!, port }
}

/** Opens what `telemetry/gelf` asks for; undefined without it, or without an address that can be read, which the component tells. */
export function openGelf(config: Json | undefined, module: string, worker?: number): Gelf | undefined {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return undefined
  const { address, enable_tcp: tcp } = config as { readonly [key: string]: Json }
  const parsed = typeof address === 'string' ? parseGelfAddress(address) : undefined
  return parsed && new Gelf(parsed, tcp === true, module, worker)
}

/** A connection to Graylog. Opens by itself. */
export class Gelf {
  readonly #link: GelfLink
  readonly #head: string
  readonly #tail: string

  /** @param worker the number of the worker that logs; undefined = the process serves alone */
  constructor(address: GelfAddress, tcp: boolean, module: string, worker?: number) {
    this.#link = tcp ? new TcpLink(address) : new UdpLink(address)
    this.#head = `{"version":"1.1","host":${JSON.stringify(hostname())}`
    this.#tail = `,"_module":${JSON.stringify(module)}${worker === undefined ? '' : `,"_worker":${worker}`}`
  }

  /** Messages that found neither a connection nor room to wait for it. */
  get dropped(): number {
    return this.#link.dropped
  }

  /** Never throws. `fields` are written as `,"_name":value`. */
  send(level: LogLevel, text: string, now: number, fields = ''): void {
    const end = text.indexOf('\n')
    const first = end === -1 ? text.slice(0, MAX_TEXT) : text.slice(0, Math.min(end, MAX_FIRST))
    // Graylog refuses a message without a text.
    let message = `${this.#head},"short_message":${JSON.stringify(first.trim() === '' ? '-' : first)}`
    if (end !== -1) message += `,"full_message":${JSON.stringify(text.slice(0, MAX_TEXT))}`
    this.#link.write(Buffer.from(`${message},"timestamp":${now / 1000},"level":${SEVERITIES[level]}${this.#tail}${fields}}`))
  }

  /** Sends what waits, as far as the server takes it within a second, and closes the socket. */
  close(): Promise<void> {
    return this.#link.close()
  }
}

/** Sends an entry of the access log, its facts as fields. */
export class GelfAccessLog implements AccessLog {
  readonly #gelf: Gelf

  constructor(gelf: Gelf) {
    this.#gelf = gelf
  }

  write(entry: AccessEntry): void {
    let fields = `,"_status":${entry.status},"_bytes_in":${entry.bytesIn},"_bytes_out":${entry.bytesOut}`
    fields += `,"_duration_ms":${Math.round(entry.durationMs * 1000) / 1000}`
    for (const name of TEXT_FIELDS) if (entry[name] !== '') fields += `,"_${FIELD_NAMES[name]}":${JSON.stringify(entry[name])}`
    this.#gelf.send('INFO', `${entry.method} ${entry.path} ${entry.status}`, Date.now(), fields)
  }
}

/** Fields that are not known are absent. */
const FIELD_NAMES = {
  method: 'method',
  path: 'path',
  query: 'query',
  route: 'route',
  client: 'client',
  requestId: 'request_id',
  traceId: 'trace_id',
  upstream: 'upstream',
  error: 'error',
  userAgent: 'user_agent'
} as const
const TEXT_FIELDS = Object.keys(FIELD_NAMES) as (keyof typeof FIELD_NAMES)[]
