/** `response`: what a proxy or a backend's call has returned. */

import type { GatewayResponse } from 'sluice/plugin'
import {
  bufferToLua,
  checkNumber,
  checkString,
  type LuaResult,
  type LuaValue,
  luaToBuffer,
  NOTHING,
  raise,
  typeError,
  UserdataType
} from './engine/index.js'
import { accessHeaderList, accessHeaders, type FieldRules } from './fields.js'
import { newTable } from './json-values.js'
import { type ScriptState, state, unread } from './state.js'

/** KrakenD reads a field of a response by the name as it is given. */
const READ: FieldRules = { exactNames: true, blanks: true, host: true }

type Access = (args: readonly LuaValue[], response: GatewayResponse, run: ScriptState) => LuaResult

const method =
  (access: Access) =>
  (...args: LuaValue[]): LuaResult => {
    const run = responseType.unwrap(args[0])
    if (run !== state() || run.response === undefined) return raise('response expected')
    return access(args, run.response, run)
  }

export const responseType: UserdataType<ScriptState> = new UserdataType('response', {
  statics: { load: () => responseType.wrap(state()) },
  methods: {
    headers: method((args, response) => accessHeaders(response.headers, args, READ)),
    headerList: method((args, response) => accessHeaderList(response.headers, args, READ)),
    data: method((_args, _response, { data }) => (data === undefined ? unread('data') : newTable(data))),
    isComplete: method((args, response, { mount }) => {
      if (args.length < 2) return response.isComplete ?? mount.noOp
      if (typeof args[1] !== 'boolean') typeError(2, 'boolean', args[1])
      response.isComplete = args[1]
      return NOTHING
    }),
    statusCode: method((args, response, run) => {
      const { noOp } = run.mount
      if (args.length < 2) return noOp ? response.status : response.metadataStatus
      const status = Math.trunc(checkNumber(args[1], 2))
      if (noOp) setStatus(response, status)
      else response.metadataStatus = status
      return NOTHING
    }),
    body: method((args, response, run) => {
      if (args.length !== 2) {
        if (!run.mount.noOp) return ''
        return run.responseBody === undefined ? unread('body') : bufferToLua(run.responseBody)
      }
      const bytes = luaToBuffer(checkString(args[1], 2))
      if (!run.mount.noOp) return NOTHING
      response.giveBody()
      // a body that is put back as it was keeps its Content-Encoding
      if (run.responseBody?.equals(bytes) === true) return NOTHING
      response.body.set(bytes)
      run.responseBody = bytes
      return NOTHING
    })
  }
})

/** Go writes 200 for 0. */
function setStatus(response: GatewayResponse, status: number): void {
  if (status !== 0 && !(status >= 200 && status <= 999)) raise(`invalid status code ${status}`)
  response.status = status === 0 ? 200 : status
}
