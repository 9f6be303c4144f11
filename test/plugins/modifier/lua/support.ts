/** A gateway with scripts at one endpoint, and what its upstream sees. */

import type { TestContext } from 'node:test'
import type { GatewayOptions } from '../../../../src/index.js'
import { type OpenGateway, openGateway } from '../../../support/open-gateway.js'
import { openUpstream, type Script, type Upstream } from '../../../support/upstream.js'

/** Scripts of the endpoint `/a/{id}`, by mount. */
export interface Scripts {
  readonly service?: unknown
  readonly endpoint?: unknown
  readonly proxy?: unknown
  readonly backend?: unknown
}

export interface Parts {
  /** Other keys of the endpoint. */
  readonly endpoint?: object
  /** Other keys of its backend. */
  readonly backend?: object
  readonly answer?: Script
  readonly options?: GatewayOptions
}

export interface Setup extends OpenGateway {
  readonly upstream: Upstream
}

const DATA = { a: 1, big: '@', list: [1, 2, 3], nested: { x: null }, text: 'é' }
/** What the upstream responds with unless told otherwise. */
export const BODY = JSON.stringify(DATA).replace('"@"', '12345678901234567890')

const mounted = (name: string, options: unknown): object => (options === undefined ? {} : { [`modifier/lua-${name}`]: options })

/** Builds `/a/{id}` over `/b/{id}` with scripts. */
export async function withScripts(
  t: TestContext,
  scripts: Scripts,
  { endpoint = {}, backend = {}, answer, options = {} }: Parts = {}
): Promise<Setup> {
  const respond: Script =
    answer ??
    ((_req, res) => {
      res.setHeader('Content-Type', 'application/json')
      res.end(BODY)
    })
  const upstream = await openUpstream(t, respond)
  const config = {
    extra_config: {
      router: { return_error_msg: true },
      'telemetry/logging': { level: 'DEBUG', stdout: true },
      ...mounted('endpoint', scripts.service)
    },
    endpoints: [
      {
        endpoint: '/a/{id}',
        input_headers: ['*'],
        backend: [
          { host: [upstream.origin], url_pattern: '/b/{id}', extra_config: mounted('backend', scripts.backend), ...backend }
        ],
        extra_config: { ...mounted('endpoint', scripts.endpoint), ...mounted('proxy', scripts.proxy) },
        ...endpoint
      }
    ]
  }
  return { ...(await openGateway(t, config, options)), upstream }
}
