/** `http_response`: requests that a script makes, as it sees them. */

import {
  asyncFunction,
  checkString,
  LuaTable,
  type LuaValue,
  luaToBuffer,
  luaToText,
  NOTHING,
  raise,
  textToLua,
  tostring,
  UserdataType
} from './engine/index.js'
import { canonicalName, isToken } from './field-names.js'
import { type Call, type HttpAnswer, isWeb } from './http-calls.js'
import { newList, textList } from './json-values.js'
import { state } from './state.js'

/** What a script holds: the response comes after the script has got it. */
class HttpHandle {
  answer: HttpAnswer | undefined = undefined
}

export const httpType: UserdataType<HttpHandle> = new UserdataType('http_response', {
  statics: {
    new: asyncFunction('new', (...args) => {
      const call = callOf(args)
      const run = state()
      const { mount, request } = run
      const own = mount.callMs === undefined ? undefined : AbortSignal.timeout(mount.callMs)
      const signal = own === undefined ? request.signal : AbortSignal.any([request.signal, own])
      const handle = new HttpHandle()
      const userdata = httpType.wrap(handle)
      return mount.calls.send(call, signal, request).then(answer => {
        handle.answer = answer
        run.atEnd(() => answer.close())
        return userdata
      })
    })
  },
  methods: {
    statusCode: self => answerOf(self).statusCode,
    headers: (...args) => {
      if (args.length !== 2) raise('need arguments')
      return valuesOf(args)[0] ?? ''
    },
    headerList: (...args) => {
      if (args.length !== 2) raise('need arguments')
      return newList(textList(valuesOf(args).map(luaToText)))
    },
    body: asyncFunction('body', self => answerOf(self).body()),
    close: self => {
      answerOf(self).close()
      return NOTHING
    }
  }
})

const valuesOf = (args: readonly LuaValue[]): readonly string[] =>
  answerOf(args[0]).headers.get(canonicalName(checkString(args[1], 2))) ?? []

function answerOf(self: LuaValue): HttpAnswer {
  const handle = httpType.unwrap(self)
  return handle instanceof HttpHandle && handle.answer !== undefined ? handle.answer : raise('response expected')
}

/** @throws LuaError for arguments that make no request */
function callOf(args: readonly LuaValue[]): Call {
  if (args.length === 0 || args.length === 2) raise('need 1, 3 or 4 arguments')
  const url = luaToText(checkString(args[0], 1))
  const method = args.length > 1 ? checkString(args[1], 2) || 'GET' : 'GET'
  const body = args.length > 2 ? luaToBuffer(checkString(args[2], 3)) : undefined
  if (!isToken(method)) raise(`net/http: invalid method "${method}"`)
  const verb = method.slice(0, 1) + method.slice(1).toLowerCase()
  const invalid = faultOf(url)
  if (invalid !== undefined) raise(textToLua(`parse ${JSON.stringify(url)}: ${invalid}`))
  if (!URL.canParse(url)) raise(textToLua(`${verb} "${url}": unsupported protocol scheme ""`))
  const parsed = new URL(url)
  if (!isWeb(parsed)) raise(textToLua(`${verb} "${url}": unsupported protocol scheme "${parsed.protocol.slice(0, -1)}"`))
  const fields = args.length === 4 && args[3] instanceof LuaTable ? fieldsOf(args[3], `${verb} "${url}"`) : []
  if (parsed.username !== '' || parsed.password !== '') {
    const credentials = Buffer.from(`${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`)
    fields.push('Authorization', `Basic ${credentials.toString('base64')}`)
  }
  return { url, method, body: body?.length === 0 ? undefined : body, fields }
}

/** A percent sign in the path that begins no escape. */
const BROKEN_ESCAPE = /^[^?#]*?(%(?![0-9a-fA-F]{2})[^?#]{0,2})/

/** What Go's parser refuses and JavaScript's takes. */
function faultOf(url: string): string | undefined {
  const broken = BROKEN_ESCAPE.exec(url)
  if (broken !== null) return `invalid URL escape "${broken[1]}"`
  return /[\0-\x1f\x7f]/.test(url) ? 'net/url: invalid control character in URL' : undefined
}

/** Values are texts, or lists whose items are taken as texts; others are left out, and so are fields that the client writes itself. */
function fieldsOf(table: LuaTable, request: string): string[] {
  const fields: string[] = []
  for (const [key, value] of table.entries()) {
    const name = canonicalName(tostring(key))
    const values = value instanceof LuaTable ? [...value.entries()].map(([, one]) => tostring(one)) : [value]
    for (const text of values) {
      if (typeof text !== 'string') continue
      checkField(name, text, request)
      if (!FRAMING.test(name)) fields.push(name, text)
    }
  }
  return fields
}

const FRAMING = /^(?:content-length|transfer-encoding|trailer|connection|keep-alive|upgrade|te)$/i

function checkField(name: string, value: string, request: string): void {
  if (!isToken(name)) raise(`${request}: net/http: invalid header field name "${name}"`)
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) raise(`${request}: net/http: invalid header field value for "${name}"`)
}
