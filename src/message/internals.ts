import type { MessageBody } from './body.js'
import type { Body, GatewayRequest, GatewayResponse } from './public.js'
import type { RequestMessage } from './request.js'
import type { ResponseMessage } from './response.js'

/**
 * The door from what plugins see to what the gateway works with. They are the same objects: it costs nothing, and it is the one
 * place where a public type becomes an inner one.
 */
export function internals(message: GatewayRequest): RequestMessage
export function internals(message: GatewayResponse): ResponseMessage
export function internals(message: Promise<GatewayResponse>): Promise<ResponseMessage>
export function internals(message: GatewayResponse | Promise<GatewayResponse>): ResponseMessage | Promise<ResponseMessage>
export function internals(message: Body): MessageBody
export function internals(message: unknown): unknown {
  return message
}
