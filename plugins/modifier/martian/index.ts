/**
 * `modifier/martian`: edits requests to a backend and its responses, as written down in the configuration.
 *
 * In: calls of a backend, after everything but plugins of the client, caches and credentials; responses before their status is
 * judged and their body decoded. Out: the same with fields, URL, body or status edited. Only `static.Modifier` reads files.
 */

import {
  type BackendSlot,
  type ComponentContext,
  defineComponent,
  type FieldEdits,
  GatewayError,
  type GatewayRequest,
  GatewayResponse,
  type Needs,
  type SlottedEdit
} from 'sluice/plugin'
import { type Edits, editFailure, NO_EDITS, type RequestEdit, type ResponseEdit } from './edits.js'
import { Faults } from './option-keys.js'
import { SCHEMA } from './schema.js'
import { isUncalled } from './static-files.js'
import { Tree } from './tree.js'

const SLOT: BackendSlot = 'transport/rewrite'

export default defineComponent({
  namespace: 'modifier/martian',
  scopes: ['backend'],
  slots: { backend: SLOT },
  needs: 'head',
  guard: true,
  schema: SCHEMA,
  async compile(options, context) {
    const block = await compileBlock(options.value, context)
    const stage = stageOf(block, context.endpointFacts?.maxBodyBytes ?? 0)
    return stage === undefined ? [] : [stage]
  }
})

/** A compiled block, and the names of what runs in it. */
interface Block {
  readonly edits: Edits
  readonly names: ReadonlySet<string>
  /** All of it looks at header fields alone. */
  readonly fieldsOnly: boolean
}

/** Modifiers that keep something back: they stay when a block with a fault is left out. */
const PROTECTING: ReadonlySet<string> = new Set(['header.Blacklist'])

/** In tolerant mode a block with a fault is left out as a whole, as in KrakenD, but for what keeps fields back. */
async function compileBlock(block: unknown, context: ComponentContext): Promise<Block> {
  const decoded = context.backendFacts?.encoding !== 'no-op'
  const faults = new Faults(context, false)
  const tree = new Tree({ decoded, faults })
  const edits = await tree.compile(block, '')
  if (faults.count === 0) return { edits, names: tree.names, fieldsOnly: tree.fieldsOnly }
  if (!context.service.tolerant) return { edits: NO_EDITS, names: new Set(), fieldsOnly: true }
  const rest = new Tree({ decoded, faults: new Faults(context, true), only: PROTECTING })
  const kept = await rest.compile(block, '')
  const left = rest.names.size === 0 ? 'the whole block is left out' : 'only header.Blacklist is left of the block'
  context.logger.warning(`${context.tag}[Martian] ${left}, for its faults`)
  return { edits: kept, names: rest.names, fieldsOnly: rest.fieldsOnly }
}

function stageOf({ edits, names, fieldsOnly }: Block, limit: number): SlottedEdit | undefined {
  const { request, response } = edits
  if (request === undefined && response === undefined) return undefined
  const needs: Needs = names.has('body.Modifier') || names.has('static.Modifier') ? 'stream' : 'head'
  return {
    slot: SLOT,
    needs,
    ...(request === undefined ? {} : { request: requestHalf(request, names.has('static.Modifier'), limit) }),
    ...(response === undefined ? {} : { response: responseHalf(response) }),
    ...(fieldsOnly ? { fields: fieldsHalf(edits) } : {})
  }
}

/** The edits on fields without their messages, which nothing in them looks at. */
function fieldsHalf({ request, response }: Edits): FieldEdits {
  return {
    ...(request === undefined ? {} : { request: headers => request({ headers } as GatewayRequest) }),
    ...(response === undefined ? {} : { response: headers => void response({ headers } as GatewayResponse, NO_REQUEST) })
  }
}
const NO_REQUEST = {} as GatewayRequest

function requestHalf(edit: RequestEdit, mayAnswer: boolean, limit: number): NonNullable<SlottedEdit['request']> {
  return request => {
    try {
      edit(request)
    } catch (error) {
      throw failureOf(error)
    }
    return mayAnswer && isUncalled(request) ? new GatewayResponse({ maxBodyBytes: limit }) : undefined
  }
}

function responseHalf(edit: ResponseEdit): NonNullable<SlottedEdit['response']> {
  return (response, request) => {
    try {
      const waits = edit(response, request)
      if (waits === undefined) return response
      return waits.then(
        () => response,
        error => dropFor(response, error)
      )
    } catch (error) {
      return dropFor(response, error)
    }
  }
}

function dropFor(response: GatewayResponse, error: unknown): never {
  response.discard()
  throw failureOf(error)
}

/** What fails a call is a GatewayError: also a value of the message itself that no field can hold. */
function failureOf(error: unknown): GatewayError {
  return error instanceof GatewayError ? error : editFailure((error as Error).message, error)
}
