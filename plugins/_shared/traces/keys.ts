/** Keys of attributes, encoded. */

import { type Key, keyOf } from '../otlp/attributes.js'

/** All names here. */
export const NAMES: string[] = []

function named(name: string): Key {
  NAMES.push(name)
  return keyOf(name)
}

export const URL_FULL = named('url.full')
export const SERVER_ADDRESS = named('server.address')
export const METHOD = named('http.request.method')
export const REQUEST_SIZE = named('http.request.body.size')
export const USER_AGENT = named('user_agent.original')
export const CLIENT_ADDRESS = named('client.address')
export const STATUS = named('http.response.status_code')
export const RESPONSE_SIZE = named('http.response.body.size')
export const COMPLETE = named('complete')
export const CANCELED = named('canceled')
export const ERROR = named('error')
export const ERROR_TYPE = named('error.type')
export const RESPONSE_DURATION = named('response-duration')
export const CONNECTION_DURATION = named('get-conn-duration')
export const LOOKUP_DURATION = named('dns-duration')
export const TLS_DURATION = named('tls-duration')
export const READ_SIZE = named('http.client.response.read.size')
export const READ_TIME = named('http.client.response.read.time')
