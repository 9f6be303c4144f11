/** The parts of OpenAPI 3.1 that the gateway writes; other members are plain JSON. */

import type { Json, JsonObject } from '../config/types.js'

export interface Contact {
  name?: string
  email?: string
  url?: string
}

export interface Info {
  title: string
  version: string
  description?: string
  termsOfService?: string
  contact?: Contact
  license?: { name: string; url?: string }
}

export interface Server {
  url: string
  description?: string
  variables?: { [name: string]: JsonObject }
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  description?: string
  schema: JsonObject
  example?: Json
  examples?: { [name: string]: { value: Json } }
  style?: 'form'
  explode?: true
}

export interface MediaType {
  schema?: Json
  example?: Json
  examples?: { [name: string]: { value: Json } }
}

export type Content = { [mediaType: string]: MediaType }

export interface RequestBody {
  description?: string
  required?: boolean
  content: Content
}

export interface Response {
  description: string
  content?: Content
  headers?: { [name: string]: JsonObject }
}

/** Schemes that hold together, each with its scopes or roles. */
export type SecurityRequirement = { [scheme: string]: readonly string[] }

export interface Operation {
  operationId: string
  summary?: string
  description?: string
  tags?: readonly string[]
  parameters?: readonly Parameter[]
  requestBody?: RequestBody
  responses: { [status: string]: Response }
  security?: readonly SecurityRequirement[]
}

export interface OpenApiDocument {
  openapi: string
  info: Info
  servers: readonly Server[]
  tags?: readonly { name: string; description?: string }[]
  paths: { [path: string]: { [method: string]: Operation } }
  components?: {
    schemas?: { [name: string]: Json }
    securitySchemes?: { [name: string]: Json }
  }
}
