/**
 * `sluice-grpc`: calls a gRPC service in place of an HTTP backend.
 *
 * In: the backend's call; its JSON body or its query is the message, its fields are the metadata. Out: the message of the
 * upstream as JSON. A stream of messages is a JSON array that is sent as it comes. A gRPC status is an HTTP status.
 */

import type { Client, ClientReadableStream, ServiceError } from '@grpc/grpc-js'
import { defineHandler, type GatewayRequest, GatewayResponse, type Logger, type OwnCall, traceCall } from 'sluice/plugin'
import { type ChannelOptions, createChannels } from './channels.js'
import { MessageArray } from './message-array.js'
import { addMetadata, copyToHeaders, setMetadata } from './metadata.js'
import { compileMethodChoice, type GrpcMethod, methodsOf } from './methods.js'
import { type GrpcPackages, loadGrpcPackages } from './packages.js'
import { BadMessage, encodeRequest } from './request-message.js'
import { failureAnswer, INTERNAL, INVALID_ARGUMENT, NOT_FOUND, statusOf, UNIMPLEMENTED } from './status.js'

interface Options extends ChannelOptions {
  readonly proto: string | readonly string[]
  readonly include_dirs: readonly string[]
  readonly service?: string
  readonly method?: string
  readonly timeout_ms: number
  readonly metadata?: readonly string[]
  readonly return_metadata: readonly string[]
  readonly use_json_names: boolean
  readonly omit_defaults: boolean
  readonly expose_errors: boolean
}

const text = { type: 'string', minLength: 1 }
const texts = { type: 'array', items: text }

export const ClientRegisterer = defineHandler<Options>({
  name: 'sluice-grpc',
  schema: {
    type: 'object',
    required: ['proto'],
    properties: {
      proto: { anyOf: [text, { ...texts, minItems: 1 }] },
      include_dirs: { ...texts, default: [] },
      service: text,
      method: text,
      timeout_ms: { type: 'integer', minimum: 0, default: 0 },
      metadata: texts,
      return_metadata: { ...texts, default: [] },
      use_json_names: { type: 'boolean', default: false },
      omit_defaults: { type: 'boolean', default: false },
      expose_errors: { type: 'boolean', default: false },
      max_message_bytes: { type: 'integer', minimum: 1, default: 4 * 1024 * 1024 },
      tls: { type: 'object', properties: { ca: text, cert: text, key: text }, additionalProperties: false }
    },
    additionalProperties: false
  },
  async create(options, _next, context) {
    if (context.scope !== 'backend') throw new Error('it calls a backend: put it into "plugin/http-client" of one')
    const packages = await loadGrpcPackages()
    const definition = await packages.loader.load([options.proto].flat() as string[], {
      includeDirs: [...options.include_dirs],
      keepCase: !options.use_json_names,
      defaults: !options.omit_defaults,
      arrays: !options.omit_defaults,
      objects: false,
      oneofs: false,
      longs: String,
      enums: String,
      bytes: String,
      json: true
    })
    const choose = compileMethodChoice(methodsOf(definition), options.service, options.method)
    const channels = await createChannels(packages, options, context.signal)
    const caller = new Caller(packages, options, context.logger)
    return request => {
      const method = choose(request.path)
      if (method === undefined) return failureAnswer(NOT_FOUND, 'the path names no method', true)
      if (method.streamsRequests) return failureAnswer(UNIMPLEMENTED, 'the method takes a stream of messages', true)
      return caller.answer(request, method, channels.of(request.origin ?? ''))
    }
  }
})

class Caller {
  private readonly grpc: GrpcPackages['grpc']
  private readonly options: Options
  private readonly logger: Logger
  private readonly metadataNames: ReadonlySet<string> | undefined

  constructor(packages: GrpcPackages, options: Options, logger: Logger) {
    this.grpc = packages.grpc
    this.options = options
    this.logger = logger
    this.metadataNames = options.metadata && new Set(options.metadata.map(name => name.toLowerCase()))
  }

  async answer(request: GatewayRequest, method: GrpcMethod, client: Client): Promise<GatewayResponse> {
    let message: Buffer
    try {
      message = await encodeRequest(request, method)
    } catch (error) {
      if (error instanceof BadMessage) return failureAnswer(INVALID_ARGUMENT, error.message, true)
      throw error
    }
    try {
      return await (method.streamsAnswers
        ? this.stream(request, method, client, message)
        : this.unary(request, method, client, message))
    } catch (error) {
      return this.failed(method, error as ServiceError)
    }
  }

  /** Reads to the end: `makeUnaryRequest` never reads a second message, so a call whose upstream sends one would hang. */
  private unary(request: GatewayRequest, method: GrpcMethod, client: Client, message: Buffer): Promise<GatewayResponse> {
    return new Promise((resolve, reject) => {
      const call = this.call(request, method, client, message)
      let metadata: Parameters<typeof copyToHeaders>[0] | undefined
      let value: object | undefined
      call.on('metadata', received => {
        metadata = received
      })
      call.on('data', received => {
        if (value === undefined) value = received
        else {
          const error = fault('the upstream sent more than one message')
          reject(error)
          // its span has the status of the response
          call.call?.cancelWithStatus(error.code, error.details)
        }
      })
      call.on('end', () => {
        if (value === undefined) return reject(fault('the upstream sent no message'))
        const response = GatewayResponse.json(value)
        if (metadata !== undefined) copyToHeaders(metadata, this.options.return_metadata, response.headers)
        resolve(response)
      })
      // before the end, which it brings
      call.on('error', (error: ServiceError) => reject(withCode(error)))
      cancelWith(request, call)
    })
  }

  /** Waits for the first message, so that a call that fails at once has a status of its own. */
  private stream(request: GatewayRequest, method: GrpcMethod, client: Client, message: Buffer): Promise<GatewayResponse> {
    return new Promise((resolve, reject) => {
      const call = this.call(request, method, client, message)
      const response = (first: object | undefined): GatewayResponse => {
        call.off('data', started)
        call.off('end', empty)
        call.off('error', failed)
        call.on('error', (error: ServiceError) => this.report(method, withCode(error)))
        const headers = { 'Content-Type': 'application/json; charset=utf-8' }
        const made = GatewayResponse.stream(new MessageArray(call, first), { headers })
        if (metadata !== undefined) copyToHeaders(metadata, this.options.return_metadata, made.headers)
        return made
      }
      const failed = (error: ServiceError): void => reject(withCode(error))
      const started = (first: object): void => resolve(response(first))
      const empty = (): void => resolve(response(undefined))
      let metadata: Parameters<typeof copyToHeaders>[0] | undefined
      call.on('metadata', received => {
        metadata = received
      })
      call.on('data', started)
      call.on('end', empty)
      call.on('error', failed)
      cancelWith(request, call)
    })
  }

  private call(request: GatewayRequest, method: GrpcMethod, client: Client, message: Buffer): ClientReadableStream<object> {
    const traced = traceOf(request, method)
    const metadata = this.metadata(request, traced)
    const call: ClientReadableStream<object> = client.makeServerStreamRequest(
      method.path,
      asIs,
      method.decode,
      message,
      metadata,
      this.callOptions()
    )
    tellStatus(call, traced)
    return call
  }

  private metadata(request: GatewayRequest, traced: OwnCall | undefined): Parameters<typeof addMetadata>[0] {
    const metadata = new this.grpc.Metadata()
    addMetadata(metadata, request.headers, this.metadataNames)
    if (traced !== undefined) setMetadata(metadata, traced.fields)
    return metadata
  }

  private callOptions(): { deadline?: number } {
    const { timeout_ms } = this.options
    return timeout_ms === 0 ? {} : { deadline: Date.now() + timeout_ms }
  }

  private failed(method: GrpcMethod, error: ServiceError): GatewayResponse {
    if (typeof error.code !== 'number') throw error
    this.report(method, error)
    return failureAnswer(error.code, error.details, this.options.expose_errors)
  }

  /** What is not the client's fault is a line in the log. */
  private report(method: GrpcMethod, error: ServiceError): void {
    const [name, http] = statusOf(error.code)
    if (http >= 500) this.logger.error(`[PLUGIN: sluice-grpc] ${method.path}: ${name}: ${error.details}`)
  }
}

/** grpc-js fails without a code when it cannot unpack a message: the upstream's fault. */
function withCode(error: ServiceError): ServiceError {
  if (typeof error.code === 'number') return error
  return Object.assign(error, { code: INTERNAL, details: 'the message of the upstream cannot be unpacked' })
}

const traceOf = (request: GatewayRequest, { path }: GrpcMethod): OwnCall | undefined =>
  traceCall(request, { method: 'POST', url: `${request.origin ?? ''}${path}`, name: path })

/** The span of a call shows the gRPC status as that of HTTP, and ends with it. */
function tellStatus(call: ClientReadableStream<object>, traced: OwnCall | undefined): void {
  if (traced === undefined) return
  call.once('status', ({ code }) => {
    traced.answered(code === 0 ? 200 : statusOf(code)[1])
    traced.ended()
  })
}

/** What breaks the contract of a method that has one response. */
const fault = (details: string): ServiceError => Object.assign(new Error(details), { code: INTERNAL, details }) as ServiceError

const asIs = (bytes: Buffer): Buffer => bytes

function cancelWith({ signal }: GatewayRequest, call: ClientReadableStream<object>): void {
  const cancel = (): void => call.cancel()
  call.once('status', () => signal.removeEventListener('abort', cancel))
  if (signal.aborted) cancel()
  else signal.addEventListener('abort', cancel, { once: true })
}
