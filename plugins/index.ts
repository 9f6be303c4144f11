/** The shipped components, one line each; a component's folder is its namespace. */

import type { Component } from 'sluice/plugin'
import clientCredentials from './auth/client-credentials/index.js'
import signer from './auth/signer/index.js'
import validator from './auth/validator/index.js'
import graphql from './backend/graphql/index.js'
import circuitBreaker from './qos/circuit-breaker/index.js'
import httpCache from './qos/http-cache/index.js'
import proxyRateLimit from './qos/ratelimit/proxy/index.js'
import routerRateLimit from './qos/ratelimit/router/index.js'
import botDetector from './security/bot-detector/index.js'
import cors from './security/cors/index.js'
import httpSecurity from './security/http/index.js'
import opentelemetry from './telemetry/opentelemetry/index.js'
import cel from './validation/cel/index.js'
import jsonSchema from './validation/json-schema/index.js'

export const components: readonly Component<never>[] = [
  opentelemetry,
  validator,
  signer,
  clientCredentials,
  cors,
  httpSecurity,
  botDetector,
  routerRateLimit,
  proxyRateLimit,
  circuitBreaker,
  cel,
  jsonSchema,
  graphql,
  httpCache
]
