/** Reads what a script's text names of bodies before it runs, and puts back what it changed. */

import { type GatewayRequest, GatewayResponse, type LazyJson, LazyObject } from 'sluice/plugin'
import type { Reads } from './script.js'
import type { ScriptState } from './state.js'

const EMPTY = Buffer.alloc(0)

/** Reads the body of a request; undefined when there is nothing to wait for. @throws GatewayError 413 */
export function readRequest(run: ScriptState, reads: Reads): Promise<void> | undefined {
  if (!reads.body || run.requestBody !== undefined) return undefined
  const { request } = run
  const known = bytesAtHand(request)
  if (known !== undefined) {
    run.requestBody = known
    return undefined
  }
  return request.body.buffer().then(bytes => {
    run.requestBody = bytes
  })
}

function bytesAtHand(request: GatewayRequest): Buffer | undefined {
  return request.hasBody ? request.body.bytesInMemory() : EMPTY
}

/** Reads data or body of a response; undefined when there is nothing to wait for. */
export function readResponse(run: ScriptState, reads: Reads, noOp: boolean): Promise<void> | undefined {
  const response = run.response!
  if (noOp) {
    run.data = new LazyObject()
    if (!reads.body || response.upgraded) return undefined
    return response.body.buffer().then(bytes => {
      run.responseBody = bytes
    })
  }
  if (!reads.data) return undefined
  const decoded = response.body.lazyJsonInMemory()
  if (decoded !== undefined) return takeData(run, decoded)
  return response.body.lazyJson().then(value => takeData(run, value))
}

/** A value that is no object stands behind an empty one, which takes its place once the script has written into it. */
function takeData(run: ScriptState, value: LazyJson | undefined): undefined {
  run.data = value instanceof LazyObject ? value : new LazyObject()
  run.fresh = run.data !== value
}

/** The gateway goes on with what the script has made of the data. The script has ended: nothing looks at the data any more. */
export function keepData(run: ScriptState, noOp: boolean): void {
  const { response, data, dirty, fresh } = run
  if (noOp || data === undefined || response === undefined) return
  const { body } = response
  if (dirty) {
    if (fresh) setData(response, data)
    else body.touchJson()
  }
  body.dropViews()
}

/** Renderers choose the type of decoded data. */
function setData(response: GatewayResponse, data: object): void {
  const typed = response.headers.has('content-type')
  response.body.setJson(data)
  if (!typed) response.headers.delete('content-type')
}

/** What stands for the response of a call that is not made: empty and incomplete. */
export function emptyResponse(noOp: boolean): GatewayResponse {
  const response = new GatewayResponse(200)
  if (noOp) return response
  setData(response, new LazyObject())
  response.isComplete = false
  return response
}
