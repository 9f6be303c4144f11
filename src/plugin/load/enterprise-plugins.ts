/** Names of the plugins that come with KrakenD Enterprise, and what Sluice has in their place. */

const OWN = 'write it as a plugin of your own (`sluice plugin new NAME`)'
const FILES = 'let a file server be the backend of a `no-op` endpoint'

const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['basic-auth', `use \`auth/validator\`, or ${OWN}`],
  ['content-replacer', 'use the plugin `sluice-replace`'],
  ['geoip', `let the load balancer add the country as a header, or ${OWN}`],
  ['http-logger', 'the access log has one object for each request: `telemetry/logging` with `"access_log_format": "json"`'],
  ['http-proxy', 'set the environment variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY'],
  ['ip-filter', `filter addresses at the load balancer, or ${OWN}`],
  ['jwk-aggregator', `serve the joined key set at one \`jwk_url\`, or ${OWN}`],
  ['no-redirect', 'set `"backend/http/client": {"no_redirect": true}` in the backend'],
  ['redis-ratelimit', 'use `qos/ratelimit/service/redis` with a connection in `redis`'],
  ['response-schema-validator', 'check the response with `validation/cel` in the backend'],
  ['static-filesystem', FILES],
  ['url-rewrite', `name the path in the backend's \`url_pattern\`, or ${OWN}`],
  ['virtualhost', 'run one gateway for each host, or give each its own paths'],
  ['wildcard', 'name each segment of the path: `/files/{a}`, `/files/{a}/{b}`']
])

/** Says what to do about the name of an Enterprise plugin; undefined for other names. */
export function enterprisePlugin(name: string): string | undefined {
  const instead = INSTEAD.get(name)
  return instead === undefined ? undefined : `it is a plugin of KrakenD Enterprise; ${instead}`
}
