/** A peer is measured only when it responds what a case expects, and, with the components, refuses what it has to. */

import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
// @ts-expect-error JavaScript without declarations
import { bodies } from '../../../bench/peers/bodies.mjs'
// @ts-expect-error JavaScript without declarations
import { PROMISED } from '../../../bench/peers/real-life.mjs'
// @ts-expect-error JavaScript without declarations
import { checkResponses } from '../../../bench/peers/responses.mjs'
import { serve } from '../../plugins/auth/support.js'

const TEXT: string = bodies()['150.txt']
const CASE = {
  title: 'a case',
  path: '/rs/150.txt',
  fields: { Authorization: 'Bearer good' },
  refused: { 'no token': { fields: {} } }
}

type Serve = (req: IncomingMessage, res: ServerResponse) => void

async function check(t: Parameters<typeof serve>[0], peer: object, one: object, respond: Serve): Promise<void> {
  const { url } = await serve(t, respond)
  await checkResponses(one, { name: 'peer', ...peer }, Number(new URL(url).port))
}

function promise(res: ServerResponse): void {
  for (const [name, value] of Object.entries<string | undefined>(PROMISED)) res.setHeader(name, value ?? '0')
}

const good: Serve = (req, res) => {
  promise(res)
  res.writeHead(req.headers.authorization === undefined ? 401 : 200).end(TEXT)
}

test('a peer that does the work passes', async t => {
  await check(t, {}, CASE, (_req, res) => res.end(TEXT))
  await check(t, { guarded: true }, CASE, good)
})

test('another body and another status are told with the case', async t => {
  await assert.rejects(
    check(t, {}, CASE, (_req, res) => res.end(`${TEXT}!`)),
    /^Error: peer does not do the work of 'a case': the body is The quick/
  )
  await assert.rejects(
    check(t, {}, CASE, (_req, res) => res.writeHead(502).end(TEXT)),
    /status 502/
  )
})

test('JSON is compared as a value', async t => {
  const spaced = JSON.stringify(JSON.parse(bodies()['16k.json']), null, 2)
  await check(t, {}, { ...CASE, path: '/json/16k' }, (_req, res) => res.end(spaced))
})

test('with the components a missing field is told, and a request that is let pass', async t => {
  await assert.rejects(
    check(t, { guarded: true }, CASE, (_req, res) => res.end(TEXT)),
    /access-control-allow-origin is undefined/
  )
  const open: Serve = (_req, res) => {
    promise(res)
    res.end(TEXT)
  }
  await assert.rejects(check(t, { guarded: true }, CASE, open), /no token gets 200/)
})
