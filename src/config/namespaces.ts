/** The `extra_config` namespaces: which the gateway has, what their long names were, which KrakenD has besides. */

/** Where an `extra_config` stands. */
export type NamespaceScope = 'service' | 'endpoint' | 'backend'

/** One namespace that the gateway honours. */
export interface NamespaceEntry {
  readonly namespace: string
  /** Where it has an effect. */
  readonly scopes: readonly NamespaceScope[]
  /** JSON Schema (draft 2020-12) of its options; checked at load when given. */
  readonly schema?: object
  /** Other names that are accepted, besides KrakenD's long one. */
  readonly aliases?: readonly string[]
  /** It protects what stands behind it: options with faults are handed on as they are in tolerant mode, not repaired. */
  readonly guard?: boolean
  /** KrakenD reads the options of this namespace without regard to the case of their names. */
  readonly caseless?: boolean
  /** For the documents: what it does, where no schema says it. */
  readonly about?: string
  /** For the documents: what of KrakenD's namespace is not there. */
  readonly lacks?: string
}

export type NamespaceTable = readonly NamespaceEntry[]

/** The namespaces of the core; their options are read by this room or by the room that owns them. */
export const CORE_NAMESPACES: NamespaceTable = [
  {
    namespace: 'proxy',
    scopes: ['endpoint', 'backend'],
    about: 'How backends are called and joined: sequential, static, flatmap_filter, shadow',
    lacks: '`max_payload`, `decompress_gzip` (Enterprise)'
  },
  {
    namespace: 'router',
    scopes: ['service'],
    about: 'How requests are routed, and what is sent when no endpoint matches',
    lacks: '`max_payload`, `decompress_gzip`, `disable_gzip` (Enterprise)'
  },
  { namespace: 'backend/http', scopes: ['backend'], about: 'What becomes of an error of the backend' },
  {
    namespace: 'backend/http/client',
    scopes: ['backend'],
    about: 'Redirects, TLS and proxy of the backend'
  },
  { namespace: 'plugin/http-server', scopes: ['service', 'endpoint'], about: 'Plugins around the server or an endpoint' },
  { namespace: 'plugin/http-client', scopes: ['backend'], about: "Plugins around a backend's call" },
  { namespace: 'plugin/req-resp-modifier', scopes: ['endpoint', 'backend'], about: 'Plugins that edit messages' },
  {
    namespace: 'sluice/admin',
    scopes: ['service'],
    about: "Sluice's own: a port for operators, with probes and a [status page](operations.md#admin-port)"
  },
  {
    namespace: 'documentation/openapi',
    scopes: ['service', 'endpoint'],
    about: 'What `sluice openapi export` says of the API and its endpoints (KrakenD Enterprise)'
  },
  {
    namespace: 'telemetry/logging',
    scopes: ['service'],
    about: 'Level, destination and format of the log',
    lacks: 'lines per backend, formats of the access log but `default` and `json` (Enterprise)'
  }
]

/** KrakenD's long names; `github.com` and `github_com` differ on purpose. */
export const LONG_NAMES: ReadonlyMap<string, string> = new Map([
  ['github.com/devopsfaith/krakend-amqp/agent', 'async/amqp'],
  ['github.com/devopsfaith/krakend-oauth2-clientcredentials', 'auth/client-credentials'],
  ['github_com/devopsfaith/bloomfilter', 'auth/revoker'],
  ['github.com/devopsfaith/krakend-jose/signer', 'auth/signer'],
  ['github.com/devopsfaith/krakend-jose/validator', 'auth/validator'],
  ['github.com/devopsfaith/krakend-amqp/consume', 'backend/amqp/consumer'],
  ['github.com/devopsfaith/krakend-amqp/produce', 'backend/amqp/producer'],
  ['github.com/devopsfaith/krakend/transport/http/client/graphql', 'backend/graphql'],
  ['github.com/devopsfaith/krakend/http', 'backend/http'],
  ['github.com/devopsfaith/krakend-lambda', 'backend/lambda'],
  ['github.com/devopsfaith/krakend-pubsub/publisher', 'backend/pubsub/publisher'],
  ['github.com/devopsfaith/krakend-pubsub/subscriber', 'backend/pubsub/subscriber'],
  ['github.com/devopsfaith/krakend-lua/proxy/backend', 'modifier/lua-backend'],
  ['github.com/devopsfaith/krakend-lua/router', 'modifier/lua-endpoint'],
  ['github.com/devopsfaith/krakend-lua/proxy', 'modifier/lua-proxy'],
  ['github.com/devopsfaith/krakend-martian', 'modifier/martian'],
  ['github.com/devopsfaith/krakend/transport/http/client/executor', 'plugin/http-client'],
  ['github_com/devopsfaith/krakend/transport/http/server/handler', 'plugin/http-server'],
  ['github.com/devopsfaith/krakend/proxy/plugin', 'plugin/req-resp-modifier'],
  ['github.com/devopsfaith/krakend/proxy', 'proxy'],
  ['github.com/devopsfaith/krakend-circuitbreaker/gobreaker', 'qos/circuit-breaker'],
  ['github.com/devopsfaith/krakend-httpcache', 'qos/http-cache'],
  ['github_com/luraproject/lura/router/gin', 'router'],
  ['github_com/devopsfaith/krakend-botdetector', 'security/bot-detector'],
  ['github_com/devopsfaith/krakend-cors', 'security/cors'],
  ['github_com/devopsfaith/krakend-httpsecure', 'security/http'],
  ['github_com/devopsfaith/krakend-gelf', 'telemetry/gelf'],
  ['github_com/letgoapp/krakend-influx', 'telemetry/influx'],
  ['github_com/devopsfaith/krakend-gologging', 'telemetry/logging'],
  ['github_com/devopsfaith/krakend-logstash', 'telemetry/logstash'],
  ['github_com/devopsfaith/krakend-metrics', 'telemetry/metrics'],
  ['github_com/devopsfaith/krakend-opencensus', 'telemetry/opencensus'],
  ['github.com/devopsfaith/krakend-cel', 'validation/cel'],
  ['github.com/devopsfaith/krakend-jsonschema', 'validation/json-schema']
])

/** Namespaces of KrakenD's open edition that have no long name. */
const SHORT_ONLY = ['qos/ratelimit/proxy', 'qos/ratelimit/router', 'telemetry/opentelemetry']

/** Namespaces that only KrakenD's Enterprise edition reads. */
export const ENTERPRISE_NAMESPACES: ReadonlySet<string> = new Set(
  `ai/llm ai/mcp async/kafka auth/api-keys auth/aws-sigv4 auth/basic auth/gcp auth/ntlm backend/conditional backend/grpc
  backend/pubsub/publisher/kafka backend/pubsub/subscriber/kafka backend/soap backend/static-filesystem
  documentation/postman governance/processors governance/quota grpc modifier/body-generator modifier/jmespath
  modifier/request-body-extractor modifier/request-body-extractor/early modifier/request-body-generator modifier/response-body
  modifier/response-body-generator modifier/response-headers plugin/middleware qos/circuit-breaker/http
  qos/ratelimit/router/redis qos/ratelimit/service qos/ratelimit/service/redis qos/ratelimit/tiered redis security/policies
  server/static-filesystem server/virtualhost telemetry/moesif telemetry/newrelic telemetry/opentelemetry-security
  validation/response-json-schema websocket workflow`.split(/\s+/)
)

/** Every namespace of KrakenD's open edition, by its short name. */
export const COMMUNITY_NAMESPACES: ReadonlySet<string> = new Set([...LONG_NAMES.values(), ...SHORT_ONLY, 'backend/http/client'])
