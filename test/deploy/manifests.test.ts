/** What stands in deploy/ can be read by those it is for, and its configurations start. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { createGateway } from '../../src/gateway.js'

const RESERVED_PATHS = ['/__health', '/__live', '/__ready']

const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url))

const files = readdirSync(DEPLOY, { recursive: true, encoding: 'utf8' })

type Document = Record<string, unknown>

function documentsIn(file: string): Document[] {
  return parseAllDocuments(readFileSync(join(DEPLOY, file), 'utf8')).map(document => {
    assert.deepEqual(document.errors, [], file)
    return document.toJS() as Document
  })
}

for (const file of files.filter(name => /\.ya?ml$/.test(name))) {
  test(`${file} is YAML`, () => {
    assert.ok(documentsIn(file).length > 0)
  })
}

for (const file of files.filter(name => name.endsWith('krakend.json'))) {
  test(`${file} starts without a warning`, async () => {
    const gateway = await createGateway(join(DEPLOY, file), { env: { ADMIN_TOKEN: 'a-token-of-enough-length' }, port: 0 })
    await gateway.close()
    assert.deepEqual(gateway.config.problems, [])
  })
}

test('compose publishes the ports that its gateway opens', () => {
  const [compose] = documentsIn('compose/compose.yaml') as [{ services: { gateway: { ports: string[]; environment: object } } }]
  const config = JSON.parse(readFileSync(join(DEPLOY, 'compose/gateway/krakend.json'), 'utf8'))
  const { ports, environment } = compose.services.gateway
  const opened = [config.port, config.extra_config['sluice/admin'].port]
  assert.deepEqual(
    ports,
    opened.map(port => `127.0.0.1:${port}:${port}`)
  )
  assert.equal(config.extra_config['sluice/admin'].token, `\${${Object.keys(environment)[0]}}`)
})

test('the pods of Kubernetes are probed at paths that the gateway has, and have time to drain', async () => {
  const [deployment] = documentsIn('kubernetes/base/deployment.yaml') as unknown as [Deployment]
  const [container] = deployment.spec.template.spec.containers
  const config = JSON.parse(readFileSync(join(DEPLOY, 'kubernetes/base/krakend.json'), 'utf8'))
  for (const probe of [container!.startupProbe, container!.livenessProbe, container!.readinessProbe]) {
    assert.ok(RESERVED_PATHS.includes(probe.httpGet.path), probe.httpGet.path)
    const port = container!.ports.find(({ name }) => name === probe.httpGet.port)
    assert.equal(port?.containerPort, config.port)
  }
  const seconds = (text: string): number => Number(/^(\d+)s$/.exec(text)![1])
  const drain = seconds(config.extra_config.router.shutdown_delay) + seconds(config.max_shutdown_wait_time)
  assert.ok(deployment.spec.template.spec.terminationGracePeriodSeconds > drain)
  assert.equal(container!.securityContext.readOnlyRootFilesystem, true)
})

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
}

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number
        readonly containers: readonly {
          readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
          readonly startupProbe: Probe
          readonly livenessProbe: Probe
          readonly readinessProbe: Probe
          readonly securityContext: { readonly readOnlyRootFilesystem: boolean }
        }[]
      }
    }
  }
}

test('all files that kustomize reads are there', () => {
  const [list] = documentsIn('kubernetes/base/kustomization.yaml') as [
    { resources: string[]; configMapGenerator: { files: string[] }[] }
  ]
  for (const name of [...list.resources, ...list.configMapGenerator.flatMap(one => one.files)])
    assert.ok(files.includes(join('kubernetes/base', name)), name)
})
