/** What an operator uses in place of KrakenD's namespaces that Sluice does not have. */

const METRICS = 'the Prometheus exporter of `telemetry/opentelemetry` has the metrics'
const HANDLER = 'write a handler plugin (`sluice plugin new NAME`)'
const CLIENT = 'write a client plugin (`sluice plugin new NAME --kind client`)'
const MODIFIER = 'write a modifier plugin (`sluice plugin new NAME --kind modifier`)'
const FILES = 'let a file server be the backend of a `no-op` endpoint'

/** By namespace; groups that end in a slash stand for what has no entry of its own. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['ai/llm', 'let the HTTP interface of the model be the backend of a `no-op` endpoint'],
  ['ai/mcp', 'let an MCP server be the backend of a `no-op` endpoint'],
  ['async/kafka', 'run a consumer beside the gateway that calls an endpoint of it'],
  ['auth/api-keys', `${HANDLER} that looks the key up, or use \`auth/validator\``],
  ['auth/basic', `${HANDLER} that checks the credentials, or use \`auth/validator\``],
  ['auth/aws-sigv4', `${CLIENT} that signs the request`],
  ['auth/gcp', `use \`auth/client-credentials\`, or ${CLIENT}`],
  ['auth/ntlm', `${CLIENT} that logs in`],
  ['backend/conditional', `${CLIENT} that decides by the request`],
  ['backend/grpc', 'use the plugin `sluice-grpc` in `plugin/http-client`'],
  ['backend/pubsub/publisher/kafka', `${CLIENT} that speaks to the broker`],
  ['backend/pubsub/subscriber/kafka', `${CLIENT} that speaks to the broker`],
  ['backend/soap', `${CLIENT} that writes and reads the envelope`],
  ['backend/static-filesystem', FILES],
  ['documentation/', 'the block says nothing to clients'],
  ['grpc', 'use the plugin `sluice-grpc` in the `plugin/http-client` of a backend'],
  ['modifier/body-generator', MODIFIER],
  ['modifier/jmespath', `use \`flatmap_filter\` in \`proxy\`, or ${MODIFIER}`],
  ['modifier/request-body-extractor', MODIFIER],
  ['modifier/request-body-extractor/early', MODIFIER],
  ['modifier/request-body-generator', MODIFIER],
  ['modifier/response-body', 'use the plugin `sluice-json-editor` or `sluice-replace` in `plugin/req-resp-modifier`'],
  ['modifier/response-body-generator', `use \`proxy.static\`, or ${MODIFIER}`],
  ['modifier/response-headers', MODIFIER],
  ['plugin/middleware', 'use `plugin/http-server` or `plugin/req-resp-modifier` in the endpoint'],
  ['qos/circuit-breaker/http', 'use `qos/circuit-breaker`'],
  ['security/policies', 'write the rules as `validation/cel`'],
  ['server/static-filesystem', FILES],
  ['server/virtualhost', 'run one gateway for each host, or give each its own paths'],
  ['telemetry/moesif', 'nothing is sent to Moesif; the JSON access log has one object for each request'],
  ['telemetry/newrelic', `nothing is sent to New Relic; ${METRICS}`],
  ['telemetry/influx', METRICS],
  ['telemetry/opencensus', '`telemetry/opentelemetry` has traces by OTLP, which Jaeger takes, and metrics for Prometheus'],
  ['validation/response-json-schema', 'check the response with `validation/cel` in the backend'],
  ['websocket', 'a `no-op` endpoint with an `http://` host lets WebSockets through'],
  ['workflow', 'use `proxy.sequential`, or let the gateway call an endpoint of its own']
])

const GROUPS = [...INSTEAD].filter(([name]) => name.endsWith('/'))

/** Returns what to use in place of a namespace; undefined when there is nothing to say. */
export function insteadOf(namespace: string): string | undefined {
  return INSTEAD.get(namespace) ?? GROUPS.find(([group]) => namespace.startsWith(group))?.[1]
}

/** True for what changes neither responses nor protection: it watches or describes. */
export function isOnlyWatching(namespace: string): boolean {
  return namespace.startsWith('telemetry/') || namespace.startsWith('documentation/')
}
