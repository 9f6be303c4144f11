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
  GatewayResponse,
  type Needs,
  type SlottedEdit
} from 'sluice/plugin'
import { type Edits, NO_EDITS } from './edits.js'
import { Faults } from './option-keys.js'
import { SCHEMA } from './schema.js'
import { isUncalled } from './static-files.js'
import { Tree } from './tree.js'

const SLOT: BackendSlot = 'transport/rewrite'

export default defineComponent<unknown>({
  namespace: 'modifier/martian',
  scopes: ['backend'],
  slots: { backend: SLOT },
  needs: 'head',
  guard: true,
  schema: SCHEMA,
  async compile(options, context) {
    const { edits, names } = await compileBlock(options, context)
    const stage = stageOf(edits, names, context.endpointFacts?.maxBodyBytes ?? 0)
    return stage === undefined ? [] : [stage]
  }
})

/** A compiled block, and the names of what runs in it. */
interface Block {
  readonly edits: Edits
  readonly names: ReadonlySet<string>
}

/** Modifiers that keep something back: they stay when a block with a fault is left out. */
const PROTECTING: ReadonlySet<string> = new Set(['header.Blacklist'])

/** In tolerant mode a block with a fault is left out as a whole, as in KrakenD, but for what keeps fields back. */
async function compileBlock(options: unknown, context: ComponentContext): Promise<Block> {
  const decoded = context.backendFacts?.encoding !== 'no-op'
  const faults = new Faults(context, false)
  const tree = new Tree({ decoded, faults })
  const edits = await tree.compile(options, '')
  if (faults.count === 0) return { edits, names: tree.names }
  if (!context.service.tolerant) return { edits: NO_EDITS, names: new Set() }
  const rest = new Tree({ decoded, faults: new Faults(context, true), only: PROTECTING })
  const kept = await rest.compile(options, '')
  const left = rest.names.size === 0 ? 'the whole block is left out' : 'only header.Blacklist is left of the block'
  context.logger.warning(`${context.tag}[Martian] ${left}, for its faults`)
  return { edits: kept, names: rest.names }
}

function stageOf({ request, response }: Edits, names: ReadonlySet<string>, limit: number): SlottedEdit | undefined {
  if (request === undefined && response === undefined) return undefined
  const needs: Needs = names.has('body.Modifier') || names.has('static.Modifier') ? 'stream' : 'head'
  const edits: Pick<SlottedEdit, 'request' | 'response'> = {}
  if (request !== undefined) {
    edits.request = names.has('static.Modifier')
      ? asked => {
          request(asked)
          return isUncalled(asked) ? GatewayResponse.over(200, [], undefined, limit) : undefined
        }
      : asked => {
          request(asked)
          return undefined
        }
  }
  if (response !== undefined) {
    edits.response = (given, asked) => {
      try {
        const waits = response(given, asked)
        return waits === undefined ? given : waits.then(() => given, failed)
      } catch (error) {
        return failed(error)
      }

      function failed(error: unknown): never {
        given.discard()
        throw error
      }
    }
  }
  return { slot: SLOT, needs, ...edits }
}
