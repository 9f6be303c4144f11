/**
 * The shipped components, one line each; a component's folder is its namespace. Those that a configuration names are loaded. Their
 * order here is the order in which they compile. Below them the plugins that need no folder.
 */

import type { Component, PluginModule } from 'sluice/plugin'

export const components: readonly { readonly namespace: string; load(): Promise<{ readonly default: Component }> }[] = [
  { namespace: 'redis', load: () => import('./redis/index.js') },
  { namespace: 'governance/processors', load: () => import('./governance/processors/index.js') },
  { namespace: 'telemetry/opentelemetry-security', load: () => import('./telemetry/opentelemetry-security/index.js') },
  { namespace: 'telemetry/opentelemetry', load: () => import('./telemetry/opentelemetry/index.js') },
  { namespace: 'telemetry/opencensus', load: () => import('./telemetry/opencensus/index.js') },
  { namespace: 'telemetry/metrics', load: () => import('./telemetry/metrics/index.js') },
  { namespace: 'telemetry/logstash', load: () => import('./telemetry/logstash/index.js') },
  { namespace: 'telemetry/gelf', load: () => import('./telemetry/gelf/index.js') },
  { namespace: 'telemetry/influx', load: () => import('./telemetry/influx/index.js') },
  { namespace: 'auth/revoker', load: () => import('./auth/revoker/index.js') },
  { namespace: 'auth/validator', load: () => import('./auth/validator/index.js') },
  { namespace: 'auth/signer', load: () => import('./auth/signer/index.js') },
  { namespace: 'auth/client-credentials', load: () => import('./auth/client-credentials/index.js') },
  { namespace: 'security/cors', load: () => import('./security/cors/index.js') },
  { namespace: 'security/http', load: () => import('./security/http/index.js') },
  { namespace: 'security/bot-detector', load: () => import('./security/bot-detector/index.js') },
  { namespace: 'qos/ratelimit/service', load: () => import('./qos/ratelimit/service/index.js') },
  { namespace: 'qos/ratelimit/service/redis', load: () => import('./qos/ratelimit/service/redis/index.js') },
  { namespace: 'qos/ratelimit/router', load: () => import('./qos/ratelimit/router/index.js') },
  { namespace: 'qos/ratelimit/router/redis', load: () => import('./qos/ratelimit/router/redis/index.js') },
  { namespace: 'qos/ratelimit/tiered', load: () => import('./qos/ratelimit/tiered/index.js') },
  { namespace: 'governance/quota', load: () => import('./governance/quota/index.js') },
  { namespace: 'qos/ratelimit/proxy', load: () => import('./qos/ratelimit/proxy/index.js') },
  { namespace: 'qos/circuit-breaker', load: () => import('./qos/circuit-breaker/index.js') },
  { namespace: 'validation/cel', load: () => import('./validation/cel/index.js') },
  { namespace: 'validation/json-schema', load: () => import('./validation/json-schema/index.js') },
  { namespace: 'modifier/lua-endpoint', load: () => import('./modifier/lua-endpoint/index.js') },
  { namespace: 'modifier/lua-proxy', load: () => import('./modifier/lua-proxy/index.js') },
  { namespace: 'modifier/lua-backend', load: () => import('./modifier/lua-backend/index.js') },
  { namespace: 'backend/graphql', load: () => import('./backend/graphql/index.js') },
  { namespace: 'modifier/martian', load: () => import('./modifier/martian/index.js') },
  { namespace: 'qos/http-cache', load: () => import('./qos/http-cache/index.js') }
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
