/** `sluice-digest`: Content-Digest (RFC 9530) of responses, computed while the bytes pass. */

import { createHash, type Hash } from 'node:crypto'
import type { GatewayResponse, Observer } from 'sluice/plugin'
import { defineMessagePlugin } from '../message-plugin.js'

interface Options {
  readonly algorithms: readonly Algorithm[]
}

type Algorithm = 'sha-256' | 'sha-512'

/** Names of RFC 9530 §5 → names of node:crypto. */
const HASHES: Readonly<Record<Algorithm, string>> = { 'sha-256': 'sha256', 'sha-512': 'sha512' }

export const { HandlerRegisterer, ClientRegisterer, ModifierRegisterer } = defineMessagePlugin<Options>({
  name: 'sluice-digest',
  needs: 'stream',
  schema: {
    type: 'object',
    properties: {
      algorithms: {
        type: 'array',
        items: { enum: ['sha-256', 'sha-512'] },
        minItems: 1,
        uniqueItems: true,
        default: ['sha-256']
      }
    },
    additionalProperties: false
  },
  create({ algorithms }) {
    return {
      response(response, request) {
        // without a body there is nothing to digest, and HEAD has the fields of a GET that was not made
        if (request.method === 'HEAD' || response.status === 204 || response.status === 304) return
        const { body } = response
        const bytes = body.bytesInMemory()
        if (bytes !== undefined) {
          const hashes = start(algorithms)
          for (const hash of hashes) hash.update(bytes)
          response.headers.set('Content-Digest', field(algorithms, hashes))
          return
        }
        body.tap(new Digester(response, algorithms))
        // a body with a length has no trailer section (RFC 9112 §7.1.2)
        response.headers.delete('content-length')
        response.headers.delete('content-digest')
      }
    }
  }
})

class Digester implements Observer {
  private readonly response: GatewayResponse
  private readonly algorithms: readonly Algorithm[]
  private readonly hashes: readonly Hash[]

  constructor(response: GatewayResponse, algorithms: readonly Algorithm[]) {
    this.response = response
    this.algorithms = algorithms
    this.hashes = start(algorithms)
    response.body.trailers.delete('content-digest')
  }

  chunk(chunk: Uint8Array): void {
    for (const hash of this.hashes) hash.update(chunk)
  }

  end(): void {
    this.response.body.trailers.set('Content-Digest', field(this.algorithms, this.hashes))
  }
}

function start(algorithms: readonly Algorithm[]): Hash[] {
  return algorithms.map(one => createHash(HASHES[one]))
}

/** A dictionary of byte sequences (RFC 8941 §3.2): `sha-256=:…:`. */
function field(algorithms: readonly Algorithm[], hashes: readonly Hash[]): string {
  return algorithms.map((one, i) => `${one}=:${hashes[i]!.digest('base64')}:`).join(', ')
}
