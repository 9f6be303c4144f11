/** What a script ended with, as KrakenD tells it: a message with its place, or the code and type that `custom_error` gave. */

import { GatewayError } from 'sluice/plugin'
import { checkNumber, checkString, hostFunction, type LuaError, luaToText, raise, trimmed } from './engine/index.js'

/** Joins the arguments of `custom_error` to one text; KrakenD takes it apart again. */
const SEPARATOR = ' || '

/** What `custom_error` was called with. */
interface Verdict {
  readonly message: string
  /** -1: no code. */
  readonly code: number
  readonly contentType: string | undefined
}

export const customError = hostFunction('custom_error', (...args) => {
  if (args.length === 0) raise('need arguments')
  const text = checkString(args[0], 1)
  const code = args.length > 1 ? Math.trunc(checkNumber(args[1], 2)) : -1
  const type = args.length > 2 ? checkString(args[2], 3) || undefined : undefined
  const joined = [text, String(code), ...(type === undefined ? [] : [type])].join(SEPARATOR)
  const verdict: Verdict = { message: luaToText(text), code, contentType: type }
  // without a code the text itself may hold one
  return raise(joined, args.length > 1 ? verdict : undefined)
})

/** The end of a script by an error. */
export interface ScriptFailure {
  readonly message: string
  /** Of the response; undefined for an ordinary error. */
  readonly status: number | undefined
  readonly contentType: string | undefined
  /** The limit that ended it. */
  readonly limit: string | undefined
}

/** Names the place of a line: `lib.lua:L9`. */
export type PlaceOfLine = (error: LuaError, line: number) => string

const POSITION = /^<string>:(\d+):([\s\S]*)$/

export function failureOf(error: LuaError, placeOf: PlaceOfLine): ScriptFailure {
  const { line, text } = located(error)
  const verdict = error.payload === undefined ? split(text) : (error.payload as Verdict)
  const { limit } = error
  if (verdict === undefined || verdict.message === '') {
    const message = `${trimmed(text, ' \n')} (${placeOf(error, line)})`
    return { message, status: undefined, contentType: undefined, limit }
  }
  const status = statusOf(verdict.code)
  return { message: verdict.message, status, contentType: verdict.contentType?.replace(/[^\t\x20-\x7e\x80-\xff]/g, ' '), limit }
}

/** Without a position KrakenD loses the message, and tells where the script was. */
function located(error: LuaError): { line: number; text: string } {
  const found = typeof error.value === 'string' ? POSITION.exec(error.message) : null
  if (found !== null) return { line: Number(found[1]), text: found[2]! }
  if (error.limit !== undefined) return { line: error.line, text: error.text }
  const trace = error.traceback.split('\n').slice(1).join('\n')
  return { line: 0, text: trace === '' ? error.message : trace }
}

function split(text: string): Verdict | undefined {
  const [message, code, contentType] = trimmed(text, ' \n').split(SEPARATOR)
  if (code === undefined) return undefined
  return { message: message!, code: /^[+-]?\d+$/.test(code) ? Number(code) : -1, contentType }
}

/** Go writes 200 for 0. Statuses that no final response can have are those of an ordinary error. */
function statusOf(code: number): number | undefined {
  if (code === 0) return 200
  return code >= 200 && code <= 999 ? code : undefined
}

/** The failure as the pipe of an endpoint or backend hands it on. */
export function pipeFailure({ message, status, contentType, limit }: ScriptFailure, cause: unknown): GatewayError {
  return new GatewayError(status === undefined ? 'SLUICE_ERR_PLUGIN_FAILED' : 'SLUICE_ERR_GATEWAY_REJECTED', {
    message,
    cause,
    ...(status === undefined ? {} : { statusCode: status }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(limit === undefined ? {} : { limit })
  })
}
