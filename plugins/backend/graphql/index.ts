/**
 * `backend/graphql`: a REST endpoint over a GraphQL upstream.
 *
 * In: calls of a backend, with the endpoint's parameters or a JSON body as variables. Out: the GraphQL request, as POST with a
 * JSON body or as GET with a query string. A mutation takes its variables from the client's body, which must be a JSON object.
 */

import {
  type ComponentContext,
  defineComponent,
  GatewayError,
  type GatewayRequest,
  type LazyJson,
  type LazyObject,
  type OptionReader,
  type Wrap
} from 'sluice/plugin'
import { readRegularFile } from '../../_shared/regular-file.js'
import { type BuildParts, bodyOf, compileParts, queryOf } from './graphql-request.js'

export default defineComponent({
  namespace: 'backend/graphql',
  scopes: ['backend'],
  slots: { backend: 'decoded/graphql' },
  needs: 'body',
  caseless: true,
  schema: {
    type: 'object',
    description: 'Asks a GraphQL API, with variables from the path or the body',
    required: ['type'],
    anyOf: [{ required: ['query'] }, { required: ['query_path'] }],
    properties: {
      type: { type: 'string', description: 'query: variables from parameters; mutation: variables from the request body.' },
      method: { type: 'string', default: 'POST', description: 'POST or GET.' },
      query: { type: 'string', description: 'The GraphQL document.' },
      query_path: { type: 'string', description: 'A file that holds the document.' },
      operationName: { type: 'string', description: 'The operation of the document to run.' },
      variables: { type: 'object', description: 'Variables; a value "{name}" takes that parameter.' }
    },
    additionalProperties: false
  },
  async compile(options, context) {
    const type = choice(options, 'type', ['query', 'mutation'])
    const method = readMethod(options)
    const query = await readQuery(options, context)
    const variables = options.object('variables')?.record() ?? {}
    const build = compileParts({ query, operationName: options.text('operationName'), variables }, name =>
      resolveParam(name, context)
    )
    return compileStage(build, type === 'mutation', method === 'GET', refusalStatus(context))
  }
})

/** What the client sent wrong is 400, where KrakenD's own statuses are not asked for. */
const refusalStatus = (context: ComponentContext): number => (context.service.errorStatus === 'http' ? 400 : 500)

/** Reads a word without regard to case. An absent key has the first of `allowed`. */
function choice(options: OptionReader, key: string, allowed: readonly string[]): string {
  const text = options.text(key, allowed[0])
  const found = allowed.find(one => one.toLowerCase() === text.toLowerCase())
  return found ?? options.fail(`/${key}`, `must be ${allowed.join(' or ')}, not ${JSON.stringify(text)}`)
}

/** Reads the method. In tolerant mode another one than `allowed` is POST, as in KrakenD. */
function readMethod(options: OptionReader): string {
  const text = options.text('method', 'POST')
  const method = text.toUpperCase()
  if (method === 'POST' || method === 'GET') return method
  options.report('/method', `must be POST or GET, not ${JSON.stringify(text)}`)
  return 'POST'
}

/** Reads the document; the file wins over the text, as in KrakenD. */
async function readQuery(options: OptionReader, context: ComponentContext): Promise<string> {
  const path = options.text('query_path')
  const query = options.text('query')
  if (path === '') return query === '' ? options.fail('/query', 'no query and no query_path') : query
  context.reads(path)
  try {
    return (await readRegularFile(path)).toString('utf8')
  } catch (cause) {
    return options.fail('/query_path', `cannot be read: ${(cause as Error).message}`)
  }
}

/** KrakenD capitalises parameters, so `{Id}` and `{id}` are the same. Values of earlier responses and claims are known by their names alone. */
function resolveParam(name: string, context: ComponentContext): string {
  const wanted = name.charAt(0).toUpperCase() + name.slice(1)
  const known = context.endpointFacts?.params.find(param => param.charAt(0).toUpperCase() + param.slice(1) === wanted)
  if (known !== undefined) return known
  if (!/^(?:[Rr]esp\d+|JWT\.)/.test(name)) {
    context.logger.warning(
      `${context.tag}[GraphQL] The endpoint has no parameter ${JSON.stringify(name)}: the variable is sent empty`
    )
  }
  return name.replace(/^Resp/, 'resp')
}

function compileStage(build: BuildParts, mutates: boolean, asQuery: boolean, status: number): Wrap {
  async function variablesOf(request: GatewayRequest): Promise<LazyObject> {
    let sent: LazyJson | undefined
    try {
      sent = await request.body.lazyJson()
    } catch (cause) {
      if (cause instanceof GatewayError && cause.code !== 'SLUICE_ERR_BODY_NOT_JSON') throw cause
      throw refusal(status, cause)
    }
    if (typeof sent !== 'object' || sent?.kind !== 'object') throw refusal(status, undefined)
    return sent
  }

  function write(request: GatewayRequest, sent: LazyObject | undefined): void {
    const parts = build(request.params, sent)
    if (asQuery) {
      request.method = 'GET'
      request.query = request.query === '' ? queryOf(parts) : `${request.query}&${queryOf(parts)}`
      request.body.set('')
      // some servers take GET with this type alone, which pages of browsers cannot send without asking
      request.headers.set('Content-Type', 'application/json')
      return
    }
    request.method = 'POST'
    request.body.set(bodyOf(parts))
    request.headers.set('Content-Type', 'application/json')
  }

  if (!mutates) {
    return next => request => {
      write(request, undefined)
      return next(request)
    }
  }
  return next => async request => {
    write(request, await variablesOf(request))
    return next(request)
  }
}

function refusal(status: number, cause: unknown): GatewayError {
  return new GatewayError('SLUICE_ERR_CLIENT_BAD_REQUEST', {
    statusCode: status,
    message: 'the variables of a mutation must be a JSON object',
    cause
  })
}
