/** The messages with their constructors, as the public interface names them. */

import { FieldMap } from '../message/field-map.js'
import { ArrayView, ObjectView } from '../message/json/lazy.js'
import type {
  GatewayResponseConstructor,
  HeaderMapConstructor,
  HeaderMap as Headers,
  LazyArray as JsonArray,
  LazyObject as JsonObject,
  LazyArrayConstructor,
  LazyObjectConstructor,
  GatewayRequest as Request,
  GatewayResponse as Response
} from '../message/public.js'
import { RequestMessage } from '../message/request.js'
import { isResponse, ResponseMessage } from '../message/response.js'

export type GatewayRequest = Request
/** The gateway makes requests; plugins get them. For `instanceof`. */
export const GatewayRequest: { readonly prototype: GatewayRequest; [Symbol.hasInstance](value: unknown): boolean } =
  RequestMessage

export type GatewayResponse = Response
export const GatewayResponse: GatewayResponseConstructor = ResponseMessage

export type HeaderMap = Headers
export const HeaderMap: HeaderMapConstructor = FieldMap

/** Returns true for a response of any copy of this module. */
export const isGatewayResponse: (value: unknown) => value is GatewayResponse = isResponse

export type LazyObject = JsonObject
export const LazyObject: LazyObjectConstructor = ObjectView

export type LazyArray = JsonArray
export const LazyArray: LazyArrayConstructor = ArrayView
