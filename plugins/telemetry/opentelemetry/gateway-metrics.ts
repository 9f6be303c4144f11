import type { GatewayState } from 'sluice/plugin'
import type { Families } from './families.js'

/** Metrics of the gateway as a whole: reloads of its configuration, and its certificates. */
export function sampleGateway(families: Families, gateway: GatewayState): void {
  families.sampled({ name: 'sluice.reloads', help: 'Reloads of the configuration, by how they ended.' }, 'counter', () => [
    [[['result', 'ok']], gateway.reloads],
    [[['result', 'failed']], gateway.failedReloads]
  ])
  families.sampled({ name: 'sluice.last_reload.timestamp', unit: 's', help: 'When the last reload ended.' }, 'gauge', () =>
    gateway.lastReload === undefined ? [] : [[[], gateway.lastReload.at / 1000]]
  )
  families.sampled(
    { name: 'sluice.last_reload.ok', help: '1 when the last reload took effect, 0 when it failed.' },
    'gauge',
    () => (gateway.lastReload === undefined ? [] : [[[], gateway.lastReload.ok ? 1 : 0]])
  )
  families.sampled(
    { name: 'sluice.generations', help: 'Configurations in memory: 1, more while exchanges run on older ones.' },
    'gauge',
    () => [[[], gateway.generations]]
  )
  families.sampled(
    { name: 'sluice.tls.certificate.not_after', unit: 's', help: 'When a certificate of the gateway ends.' },
    'gauge',
    () =>
      gateway.certificates.map(({ file, names, notAfter }) => [
        [
          ['file', file],
          ['names', names.join(',')]
        ],
        notAfter / 1000
      ])
  )
}
