/** The shipped components, one line each; a component's folder is its namespace. Below them the plugins that need no folder. */

import type { Component, PluginModule } from 'sluice/plugin'
import clientCredentials from './auth/client-credentials/index.js'
import revoker from './auth/revoker/index.js'
import signer from './auth/signer/index.js'
import validator from './auth/validator/index.js'
import graphql from './backend/graphql/index.js'
import governanceProcessors from './governance/processors/index.js'
import governanceQuota from './governance/quota/index.js'
import luaBackend from './modifier/lua-backend/index.js'
import luaEndpoint from './modifier/lua-endpoint/index.js'
import luaProxy from './modifier/lua-proxy/index.js'
import martian from './modifier/martian/index.js'
import circuitBreaker from './qos/circuit-breaker/index.js'
import httpCache from './qos/http-cache/index.js'
import proxyRateLimit from './qos/ratelimit/proxy/index.js'
import routerRateLimit from './qos/ratelimit/router/index.js'
import sharedRouterRateLimit from './qos/ratelimit/router/redis/index.js'
import serviceRateLimit from './qos/ratelimit/service/index.js'
import sharedServiceRateLimit from './qos/ratelimit/service/redis/index.js'
import tieredRateLimit from './qos/ratelimit/tiered/index.js'
import redis from './redis/index.js'
import botDetector from './security/bot-detector/index.js'
import cors from './security/cors/index.js'
import httpSecurity from './security/http/index.js'
import gelf from './telemetry/gelf/index.js'
import influx from './telemetry/influx/index.js'
import logstash from './telemetry/logstash/index.js'
import metrics from './telemetry/metrics/index.js'
import opencensus from './telemetry/opencensus/index.js'
import opentelemetry from './telemetry/opentelemetry/index.js'
import cel from './validation/cel/index.js'
import jsonSchema from './validation/json-schema/index.js'

export const components: readonly Component[] = [
  redis,
  governanceProcessors,
  opentelemetry,
  opencensus,
  metrics,
  logstash,
  gelf,
  influx,
  revoker,
  validator,
  signer,
  clientCredentials,
  cors,
  httpSecurity,
  botDetector,
  serviceRateLimit,
  sharedServiceRateLimit,
  routerRateLimit,
  sharedRouterRateLimit,
  tieredRateLimit,
  governanceQuota,
  proxyRateLimit,
  circuitBreaker,
  cel,
  jsonSchema,
  luaEndpoint,
  luaProxy,
  luaBackend,
  graphql,
  martian,
  httpCache
]

/** Plugins by the names that a configuration uses; each is loaded when it is named. */
export const shippedPlugins: readonly { readonly name: string; load(): Promise<PluginModule> }[] = [
  { name: 'sluice-compress', load: () => import('./named/compress/index.js') },
  { name: 'sluice-digest', load: () => import('./named/digest/index.js') },
  { name: 'sluice-etag', load: () => import('./named/etag/index.js') },
  { name: 'sluice-grpc', load: () => import('./named/grpc/index.js') },
  { name: 'sluice-items', load: () => import('./named/items/index.js') },
  { name: 'sluice-json-editor', load: () => import('./named/json-editor/index.js') },
  { name: 'sluice-replace', load: () => import('./named/replace/index.js') },
  { name: 'sluice-request-id', load: () => import('./named/request-id/index.js') }
]
