/** Keys of attributes, encoded. */

import { keyOf } from '../otlp/attributes.js'

export const URL_FULL = keyOf('url.full')
export const SERVER_ADDRESS = keyOf('server.address')
export const METHOD = keyOf('http.request.method')
export const REQUEST_SIZE = keyOf('http.request.body.size')
export const USER_AGENT = keyOf('user_agent.original')
export const CLIENT_ADDRESS = keyOf('client.address')
export const STATUS = keyOf('http.response.status_code')
export const RESPONSE_SIZE = keyOf('http.response.body.size')
export const COMPLETE = keyOf('complete')
export const CANCELED = keyOf('canceled')
export const ERROR = keyOf('error')
export const ERROR_TYPE = keyOf('error.type')
export const RESPONSE_DURATION = keyOf('response-duration')
export const CONNECTION_DURATION = keyOf('get-conn-duration')
export const READ_SIZE = keyOf('http.client.response.read.size')
export const READ_TIME = keyOf('http.client.response.read.time')
