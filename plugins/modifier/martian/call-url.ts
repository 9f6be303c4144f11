/** The URL of a backend's call, as modifiers and filters see it: scheme, host with port, decoded path, raw query. */

import type { GatewayRequest } from 'sluice/plugin'

/** `http://h:1` → `http`. */
export function schemeOf(origin: string): string {
  return origin.slice(0, origin.indexOf(':'))
}

/** `http://h:1` → `h:1`. */
export function authorityOf(origin: string): string {
  return origin.slice(origin.indexOf('//') + 2)
}

/** `h:1` and `[::1]:1` → the host without its port. */
export function hostnameOf(authority: string): string {
  return authority.replace(/:\d+$/, '')
}

/** The port that is written, or that of the scheme. */
export function portOf(origin: string): number {
  const written = /:(\d+)$/.exec(authorityOf(origin))
  if (written !== null) return Number(written[1])
  return schemeOf(origin) === 'https' ? 443 : 80
}

/** The whole, as it is written on one line. */
export function urlOf(request: GatewayRequest): string {
  const url = (request.origin ?? '') + request.path
  return request.query === '' ? url : `${url}?${request.query}`
}

/** What the call names in its Host field. */
export function hostFieldOf(request: GatewayRequest): string {
  return request.headers.get('host') ?? authorityOf(request.origin ?? '')
}

/** Sends the call to another origin. The Host field stays what it was, as in KrakenD. */
export function moveTo(request: GatewayRequest, origin: string): void {
  if (origin === request.origin) return
  if (!request.headers.has('host')) request.headers.set('Host', authorityOf(request.origin ?? ''))
  request.origin = origin
}

/** Text as one character per byte. */
export function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** A path without its escapes, one character per byte. */
export function decodePath(path: string): string {
  if (!path.includes('%')) return path
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** Writes a decoded path as Go does: `?`, `%`, blanks and what is not ASCII are escaped. It begins with a slash. */
export function encodePath(text: string): string {
  const path = bytesOf(text.startsWith('/') ? text : `/${text}`)
  return path.replace(/[^A-Za-z0-9\-_.~$&+,/:;=@]/g, escapeByte)
}

/** Escapes in a raw query what no request line may hold. */
export function encodeQuery(text: string): string {
  return bytesOf(text).replace(/[^\x21-\x7e]|#/g, escapeByte)
}

function escapeByte(char: string): string {
  const code = char.charCodeAt(0)
  return `%${code < 16 ? '0' : ''}${code.toString(16).toUpperCase()}`
}
