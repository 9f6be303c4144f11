/** The shipped components, one line each; a component's folder is its namespace. */

import type { Component } from 'sluice/plugin'
import clientCredentials from './auth/client-credentials/index.js'
import signer from './auth/signer/index.js'
import validator from './auth/validator/index.js'
import circuitBreaker from './qos/circuit-breaker/index.js'
import proxyRateLimit from './qos/ratelimit/proxy/index.js'
import routerRateLimit from './qos/ratelimit/router/index.js'
import botDetector from './security/bot-detector/index.js'
import cors from './security/cors/index.js'
import httpSecurity from './security/http/index.js'

export const components: readonly Component<never>[] = [
  validator,
  signer,
  clientCredentials,
  cors,
  httpSecurity,
  botDetector,
  routerRateLimit,
  proxyRateLimit,
  circuitBreaker
]
