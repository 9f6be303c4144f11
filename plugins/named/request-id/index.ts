/** `sluice-request-id`: one id per request, sent up and returned. */

import { randomUUID } from 'node:crypto'
import { BlockList, isIP } from 'node:net'
import { defineHandler, type GatewayRequest } from 'sluice/plugin'

interface Options {
  readonly header: string
  readonly accept: boolean
  readonly accept_from?: readonly string[]
  readonly return: boolean
}

/** Where later plugins find the id in `request.state`. */
const STATE_KEY = 'sluice-request-id'

/** Printable, without what separates or quotes: safe in fields, logs and URLs. */
const VALID = /^[A-Za-z0-9._~+/=:@-]{1,128}$/

const plugin = defineHandler<Options>({
  name: 'sluice-request-id',
  needs: 'head',
  schema: {
    type: 'object',
    properties: {
      header: { type: 'string', pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", default: 'X-Request-Id' },
      accept: { type: 'boolean', default: false },
      accept_from: { type: 'array', items: { type: 'string' }, minItems: 1 },
      return: { type: 'boolean', default: true }
    },
    additionalProperties: false
  },
  create(options, next) {
    const { header, return: returned } = options
    const trusts = compileTrust(options)
    return async request => {
      const sent = trusts(request) ? request.headers.get(header) : undefined
      const id = sent !== undefined && VALID.test(sent) ? sent : randomUUID()
      request.headers.set(header, id)
      request.state.set(STATE_KEY, id)
      const response = await next(request)
      if (returned) response.headers.set(header, id)
      return response
    }
  }
})

export const HandlerRegisterer = plugin
export const ClientRegisterer = plugin

/** @throws Error for what is neither an address nor a network */
function compileTrust({ accept, accept_from }: Options): (request: GatewayRequest) => boolean {
  if (!accept) {
    if (accept_from !== undefined) throw new Error('\'accept_from\' works together with "accept": true')
    return () => false
  }
  if (accept_from === undefined) return () => true
  const list = new BlockList()
  for (const entry of accept_from) {
    const [address = '', bits] = entry.split('/')
    const version = isIP(address)
    const length = bits === undefined ? (version === 6 ? 128 : 32) : Number(bits)
    if (version === 0 || !/^\d{0,3}$/.test(bits ?? '') || bits === '' || length > (version === 6 ? 128 : 32)) {
      throw new Error(`accept_from: '${entry}' is no address and no network; write it like '10.0.0.0/8'`)
    }
    list.addSubnet(address, length, version === 6 ? 'ipv6' : 'ipv4')
  }
  return request => {
    const { remoteAddress } = request
    const plain = remoteAddress.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress
    const version = isIP(plain)
    return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4')
  }
}
