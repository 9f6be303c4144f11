/** The functions that a Go module imports from the gateway. They run while Go runs: they copy what Go lends, note what is to do, return. */

import { ENDED } from '../../../message/scope.js'
import type { OutboundClient } from '../../outbound.js'
import { callOut, dial } from './go-calls.js'
import { BODY, FAIL, type GoBody, type GoCall, type GoHandles } from './go-handles.js'
import { GoMessage } from './go-messages.js'
import { GoOutput } from './go-streams.js'

/** Bits of the modes of `next` and `call`, besides how the body travels. */
const BODY_BITS = 15
const PASSES = 1 << 4
const HEARS = 1 << 5
const OWN_CALL = 1 << 4
const GUNZIP = 1 << 5
const INSECURE = 1 << 6
const PROXIED = 1 << 7

/** What a module registers and logs, and how its factories ended. */
export interface BorderOwner {
  log(level: number, text: string): void
  /** `kind` 0 server, 1 client, 2 modifier; below 0 a fault of -1 - kind. `on`: bits of a modifier's directions. */
  registered(kind: number, text: string, on: number): void
  made(token: number, ok: boolean, text: string): void
  outbound(): OutboundClient
}

/** What can be had before the instance is there. */
export interface BorderSource {
  readonly handles: GoHandles
}

export function borderImports(source: BorderSource, owner: BorderOwner): Readonly<Record<string, unknown>> {
  const message = (at: number, length: number): GoMessage => new GoMessage(source.handles.instance.memory(), at, length)
  const text = (at: number, length: number): string => source.handles.instance.text(at, length)
  return {
    log: (level: number, at: number, length: number) => owner.log(level, text(at, length)),
    registered: (kind: number, at: number, length: number, on: number) => owner.registered(kind, text(at, length), on),
    made: (token: number, ok: number, at: number, length: number) => owner.made(token, ok === 1, text(at, length)),
    reply: (...[id, status, at, length, , final]: number[]) => {
      const given = message(at!, length!)
      const declared = given.i64()
      const fields = given.pairs()
      const bytes = given.rest()
      source.handles.exchanges.get(id!)?.reply?.({ status: status!, fields, length: declared, bytes, final: final === 1 })
    },
    write: (handle: number, at: number, length: number) => source.handles.outputs.get(handle)?.write(at, length) ?? -1,
    end: (handle: number, at: number, length: number) => {
      const trailers = length === 0 ? [] : message(at, length).pairs()
      source.handles.outputs.get(handle)?.end(trailers)
      source.handles.exchanges.get(-handle)?.ended?.()
    },
    splice: (id: number, from: number) => {
      const { readers, outputs, instance } = source.handles
      const reader = readers.get(from)
      const output = outputs.get(-id)
      instance.afterwards({
        run: () => {
          if (reader !== undefined && output !== undefined) reader.spliceInto(output)
          else source.handles.wake(from, GONE_SPLICE)
        }
      })
    },
    fail: (id: number, status: number, at: number, length: number) => {
      if (status === FAIL.panic) source.handles.counts.errors++
      source.handles.exchanges.get(id)?.failed(status, length === 0 ? '' : text(at, length))
    },
    next: (exchange: number, id: number, mode: number, at: number, length: number) => {
      const given = message(at, length)
      const [method, path, query, host] = [given.latin(), given.latin(), given.latin(), given.latin()]
      const edits = given.edits()
      const added = given.pairs()
      const body = bodyOf(source.handles, id, mode, given)
      const open = source.handles.exchanges.get(exchange)
      const call = {
        id,
        passes: (mode & PASSES) !== 0,
        hears: (mode & HEARS) !== 0,
        method,
        path,
        query,
        host,
        edits,
        added,
        body
      }
      if (open?.next !== undefined) return open.next(call)
      source.handles.instance.afterwards({
        run: () => {
          body.source?.destroy(ENDED)
          source.handles.wake(id)
        }
      })
    },
    pass: (exchange: number, id: number, status: number, at: number, length: number) =>
      source.handles.exchanges.get(exchange)?.pass?.(id, status, message(at, length).edits()),
    call: (id: number, exchange: number, mode: number, at: number, length: number) => {
      const call = callOf(source.handles, id, mode, message(at, length))
      const { instance, exchanges } = source.handles
      const open = exchanges.get(exchange)
      const span = source.handles.spanOf(exchange)
      if ((mode & OWN_CALL) === 0) instance.afterwards({ run: () => callOut(source.handles, owner.outbound(), call, span) })
      else if (open?.own !== undefined) open.own(call)
      else instance.afterwards({ run: () => cancelled(source.handles, call) })
    },
    dial: (id: number, at: number, length: number) => {
      const given = message(at, length)
      const [network, address] = [given.latin(), given.latin()]
      source.handles.instance.afterwards({ run: () => dial(source.handles, id, network, address) })
    },
    read: (handle: number, at: number, size: number) => source.handles.readers.get(handle)?.read(at, size) ?? -2,
    cancel: (handle: number) => cancel(source.handles, handle),
    data: (id: number) => source.handles.exchanges.get(id)?.data?.(),
    modified: (id: number, flags: number, at: number, length: number) =>
      source.handles.exchanges.get(id)?.modified?.(flags, message(at, length))
  }
}

/** The outcome of a splice whose streams are gone: the client does not read, no bytes. */
const GONE_SPLICE = '\x02\0\0\0\0\0\0\0\0\0\0\0'

function bodyOf(handles: GoHandles, id: number, mode: number, given: GoMessage): GoBody {
  const length = given.i64()
  const how = mode & BODY_BITS
  const source = how === BODY.stream ? new GoOutput(handles, -id, length < 0 ? undefined : length).source : undefined
  return { how, bytes: how === BODY.inline ? given.rest() : EMPTY, source }
}

const EMPTY = Buffer.alloc(0)

function callOf(handles: GoHandles, id: number, mode: number, given: GoMessage): GoCall {
  const [method, origin, path, query, host, proxy] = Array.from({ length: 6 }, () => given.latin()) as [
    string,
    string,
    string,
    string,
    string,
    string
  ]
  const own = (mode & OWN_CALL) !== 0
  return {
    id,
    method,
    origin,
    path,
    query,
    host,
    edits: own ? given.edits() : [],
    fields: own ? [] : given.pairs(),
    body: bodyOf(handles, id, mode, given),
    gunzip: (mode & GUNZIP) !== 0,
    insecure: (mode & INSECURE) !== 0,
    proxy: (mode & PROXIED) === 0 ? undefined : proxy === '' ? null : proxy
  }
}

/** Its exchange is over. */
function cancelled(handles: GoHandles, { id, body }: GoCall): void {
  body.source?.destroy(ENDED)
  handles.wake(id, `\0\0\0\0\x10\0\0\0context canceled`)
}

/** Ends what stands under a handle; after Go has returned, since ends may call others. */
function cancel(handles: GoHandles, handle: number): void {
  const { readers, outputs, openings, instance } = handles
  const reader = readers.get(handle)
  const opening = openings.get(handle)
  const output = outputs.get(handle)
  openings.delete(handle)
  instance.afterwards({
    run: () => {
      reader?.discard()
      opening?.()
      output?.fail(new Error('the plugin broke off what it sends'))
    }
  })
}
