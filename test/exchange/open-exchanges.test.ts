import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/errors.js'
import { type OpenExchange, OpenExchanges } from '../../src/exchange/open-exchanges.js'

class Exchange implements OpenExchange {
  openBefore: OpenExchange | undefined = undefined
  openAfter: OpenExchange | undefined = undefined
  readonly heard: string[] = []

  cancel(): void {
    this.heard.push('cancel')
  }

  cutOff(): void {
    this.heard.push('cut')
  }
}

const REASON = new GatewayError('SLUICE_ERR_GATEWAY_CLOSING')

test('exchanges leave in any order, and those that are left are found', () => {
  const open = new OpenExchanges()
  const [a, b, c] = [new Exchange(), new Exchange(), new Exchange()]
  for (const one of [a, b, c]) open.enter(one)
  open.leave(b)
  open.cancelAll(REASON)
  open.leave(c)
  open.cutAll(REASON)
  open.leave(a)
  open.cutAll(REASON)
  assert.deepEqual([a.heard, b.heard, c.heard], [['cancel', 'cut'], [], ['cancel']])
  assert.equal(open.count, 0)
  for (const one of [a, b, c]) assert.deepEqual([one.openBefore, one.openAfter], [undefined, undefined])
})

test('a wait ends with the last exchange, or when it is given up', async () => {
  const open = new OpenExchanges()
  const never = new AbortController()
  await open.none(never.signal)
  const one = new Exchange()
  open.enter(one)
  const ended = open.none(never.signal)
  open.leave(one)
  await ended
  open.enter(one)
  const late = new AbortController()
  const given = open.none(late.signal)
  late.abort()
  await given
  assert.equal(open.count, 1)
})
