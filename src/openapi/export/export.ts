/**
 * The OpenAPI room, outwards: a configuration in, an OpenAPI 3.1 document of its endpoints out.
 *
 * The document says what clients see: paths, what is let through, what the endpoint asks for. Backends are not named.
 */

import { Findings } from '../../config/findings.js'
import type { EndpointConfig, ServiceConfig } from '../../config/types.js'
import type { ConfigProblem } from '../../errors.js'
import {
  type EndpointDocumentation,
  readEndpointDocumentation,
  readServiceDocumentation,
  type ServiceDocumentation
} from '../documentation.js'
import type { Info, OpenApiDocument, Operation } from '../types.js'
import { requestBodyOf } from './bodies.js'
import { parametersOf } from './parameters.js'
import { DocumentPaths } from './paths.js'
import { responsesOf } from './responses.js'
import { Schemas } from './schemas.js'
import { SecuritySchemes } from './security.js'
import { serversOf } from './servers.js'

export interface ExportOptions {
  /** Endpoints for one of these audiences, and those for `*`. Default: all endpoints. */
  readonly audience?: readonly string[]
  /** URLs of servers, in place of the configured ones. */
  readonly servers?: readonly string[]
}

export interface Exported {
  readonly document: OpenApiDocument
  /** What of `documentation/openapi` could not be used. */
  readonly problems: readonly ConfigProblem[]
}

/** Writes the document of a configuration. */
export function exportOpenApi(config: ServiceConfig, options: ExportOptions = {}): Exported {
  const findings = new Findings(config.source, true)
  const service = readServiceDocumentation(config.extra, findings)
  const writer = new DocumentWriter(config, service)
  for (const endpoint of config.endpoints) {
    const docs = readEndpointDocumentation(endpoint.extra, endpoint.pointer, findings)
    if (isFor(docs, options.audience)) writer.add(endpoint, docs)
  }
  const document = writer.finish(serversOf(config, service, options.servers ?? []))
  return { document, problems: findings.problems.map(problem => ({ ...problem, level: 'warning' })) }
}

function isFor({ audience }: EndpointDocumentation, wanted: readonly string[] | undefined): boolean {
  return wanted === undefined || audience.some(one => one === '*' || wanted.includes(one))
}

class DocumentWriter {
  private readonly config: ServiceConfig
  private readonly service: ServiceDocumentation
  private readonly schemas: Schemas
  private readonly security: SecuritySchemes
  private readonly templates = new DocumentPaths()
  private readonly paths: OpenApiDocument['paths'] = {}
  private readonly operationIds = new Set<string>()
  private readonly tags = new Set<string>()

  constructor(config: ServiceConfig, service: ServiceDocumentation) {
    this.config = config
    this.service = service
    this.schemas = new Schemas(service.schemas)
    this.security = new SecuritySchemes(config, service)
  }

  add(endpoint: EndpointConfig, docs: EndpointDocumentation): void {
    const place = this.templates.add(endpoint)
    const operationId = this.operationId(endpoint, docs, place.path)
    const { config, service, schemas } = this
    const parameters = parametersOf(endpoint, place, docs)
    const requestBody = requestBodyOf(endpoint, docs, schemas, operationId)
    const security = this.security.of(endpoint, docs)
    const operation: Operation = {
      operationId,
      ...(docs.summary === '' ? {} : { summary: docs.summary }),
      ...(docs.description === '' ? {} : { description: docs.description }),
      ...(docs.tags.length === 0 ? {} : { tags: docs.tags }),
      ...(parameters.length === 0 ? {} : { parameters }),
      ...(requestBody === undefined ? {} : { requestBody }),
      responses: responsesOf(endpoint, docs, { config, service, schemas, operationId }),
      ...(security === undefined ? {} : { security })
    }
    for (const tag of docs.tags) this.tags.add(tag)
    this.paths[place.path] = { ...this.paths[place.path], [endpoint.method.toLowerCase()]: operation }
  }

  finish(servers: OpenApiDocument['servers']): OpenApiDocument {
    const { service } = this
    const described = service.tags.map(({ name, description }) => ({ name, ...(description === '' ? {} : { description }) }))
    const tags = [
      ...described,
      ...[...this.tags].filter(name => !described.some(one => one.name === name)).map(name => ({ name }))
    ]
    const schemas = Object.fromEntries(this.schemas.byName)
    const securitySchemes = this.security.all()
    const components = {
      ...(Object.keys(schemas).length === 0 ? {} : { schemas }),
      ...(Object.keys(securitySchemes).length === 0 ? {} : { securitySchemes })
    }
    return {
      openapi: '3.1.1',
      info: infoOf(this.config, service),
      servers,
      ...(tags.length === 0 ? {} : { tags }),
      paths: this.paths,
      ...(Object.keys(components).length === 0 ? {} : { components })
    }
  }

  /** Names are unique in a document: `getUsersById` for `GET /users/{id}`. */
  private operationId({ method }: EndpointConfig, { operationId }: EndpointDocumentation, path: string): string {
    const words = path
      .replace(/\{([^}]*)\}/g, '/by/$1/')
      .split(/[^A-Za-z0-9]+/)
      .filter(word => word !== '')
    const made = method.toLowerCase() + words.map(word => word.charAt(0).toUpperCase() + word.slice(1)).join('')
    const wanted = operationId || made
    let own = this.operationIds.has(wanted) ? `${wanted}-${method.toLowerCase()}` : wanted
    for (let i = 2; this.operationIds.has(own); i++) own = `${wanted}-${i}`
    this.operationIds.add(own)
    return own
  }
}

function infoOf({ name }: ServiceConfig, { description, version, termsOfService, contact, license }: ServiceDocumentation): Info {
  const given = <T extends object>(object: T): Partial<T> =>
    Object.fromEntries(Object.entries(object).filter(([, value]) => value !== '')) as Partial<T>
  const contacts = given(contact)
  return {
    title: name || 'API gateway',
    version: version || '1.0.0',
    ...given({ description, termsOfService }),
    ...(Object.keys(contacts).length === 0 ? {} : { contact: contacts }),
    ...(license.name === '' && license.url === ''
      ? {}
      : { license: { name: license.name || license.url, ...given({ url: license.url }) } })
  }
}
