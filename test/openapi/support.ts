import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { readConfigObject } from '../../src/config/load.js'
import { type Exported, type ExportOptions, exportOpenApi } from '../../src/openapi/export/export.js'
import type { OpenApiDocument } from '../../src/openapi/types.js'
import { loadComponents } from '../../src/plugin/load/shipped.js'

const { namespaces } = await loadComponents()

/** Exports a configuration; the document must be a valid one. */
export async function exported(config: object, options: ExportOptions = {}): Promise<Exported> {
  const loaded = readConfigObject({ version: 3, endpoints: [], ...config }, { env: {}, namespaces, tolerant: false })
  const { document, problems } = exportOpenApi(loaded.conclude(), options)
  const written = JSON.parse(JSON.stringify(document)) as OpenApiDocument
  await assertValid(written)
  return { document: written, problems }
}

export async function assertValid(document: OpenApiDocument): Promise<void> {
  const { valid, errors } = await new Validator({ allErrors: true }).validate(structuredClone(document) as never)
  assert.ok(valid, JSON.stringify(errors, null, 2))
}

export const endpoint = (path: string, more: object = {}) => ({
  endpoint: path,
  backend: [{ host: ['http://127.0.0.1:8081'], url_pattern: '/' }],
  ...more
})

/** Writes a text to a file that lives as long as the test. */
export function fileOf(t: TestContext, name: string, text: string | object): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-openapi-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, name)
  writeFileSync(file, typeof text === 'string' ? text : JSON.stringify(text, null, 1))
  return file
}
