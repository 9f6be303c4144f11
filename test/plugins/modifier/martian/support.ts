/** A gateway with one `modifier/martian` block, and what its upstream sees. */

import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import type { TestContext } from 'node:test'
import type { GatewayOptions } from '../../../../src/index.js'
import { type Built, build, endpoint, startUpstream } from '../../scripted-upstream.js'

/** A request as it reached the upstream. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Setup extends Built {
  /** `127.0.0.1:1234` */
  readonly authority: string
  readonly seen: Seen[]
}

/** Options of {@link withBlock}. */
export interface Parts {
  /** Other keys of the endpoint; `url` is that of the backend. */
  readonly endpoint?: object
  /** Default: pass-through. */
  readonly decoded?: boolean
  readonly answer?: RequestListener
  readonly options?: GatewayOptions
  /** Options of the service's `router`. */
  readonly router?: object
}

/** Builds `/a` with a block, which may name the upstream. */
export async function withBlock(
  t: TestContext,
  block: unknown | ((authority: string) => unknown),
  { endpoint: more = {}, decoded = false, answer, options, router = {} }: Parts = {}
): Promise<Setup> {
  const seen: Seen[] = []
  const host = await startUpstream(t, async (req, res) => {
    let body = ''
    for await (const chunk of req) body += chunk
    seen.push({ method: req.method ?? '', url: req.url ?? '', headers: req.headers, body })
    if (answer === undefined) res.end('{"ok":true}')
    else answer(req, res)
  })
  const authority = host.replace('http://', '')
  const given = typeof block === 'function' ? (block as (authority: string) => unknown)(authority) : block
  const passes = decoded ? {} : { output_encoding: 'no-op' }
  const built = await build(
    t,
    {
      extra_config: { router },
      endpoints: [endpoint('/a', host, { ...passes, ...more, backendExtra: { 'modifier/martian': given } })]
    },
    options
  )
  return { ...built, authority, seen }
}

/** A `header.Modifier`. */
export const set = (name: string, value: string, scope?: readonly string[]): object => ({
  'header.Modifier': { ...(scope === undefined ? {} : { scope }), name, value }
})
