/**
 * Plugins that edit messages in place, offered in every place where they make sense.
 *
 * In: what to do with a request, a response, or both. Out: a module that registers it under one name as a modifier and as
 * a handler of service, endpoint and backend.
 */

import {
  defineHandler,
  defineModifier,
  type GatewayRequest,
  type GatewayResponse,
  type Needs,
  type PluginContext,
  type PluginModule
} from 'sluice/plugin'

/** The edits of one place; each is called at most once per message. */
export interface MessageEdits {
  readonly request?: ((request: GatewayRequest) => void | Promise<void>) | undefined
  readonly response?: ((response: GatewayResponse, request: GatewayRequest) => void | Promise<void>) | undefined
}

export interface MessagePlugin<O> {
  readonly name: string
  readonly needs: Needs
  readonly schema: object
  /** Responses are edited as wholes: a client that asks for a range gets the whole (RFC 9110 §14.2). */
  readonly wants?: 'whole'
  /** Called once per place. A throw stops the start. */
  create(options: O, context: PluginContext): MessageEdits
}

/** All three symbols. */
export type MessageModule = Required<Omit<PluginModule, 'apiVersion'>>

function askingForWhole({ request: edit, response }: MessageEdits): MessageEdits {
  return {
    request(request) {
      request.headers.delete('range')
      request.headers.delete('if-range')
      return edit?.(request)
    },
    response
  }
}

/** Makes a module of one definition. */
export function defineMessagePlugin<O>(plugin: MessagePlugin<O>): MessageModule {
  const { name, needs, schema } = plugin
  const editsOf = (options: O, context: PluginContext): MessageEdits => {
    const edits = plugin.create(options, context)
    return plugin.wants === 'whole' && edits.response !== undefined ? askingForWhole(edits) : edits
  }
  const handler = defineHandler<O>({
    name,
    needs,
    schema,
    create(options, next, context) {
      const { request: before, response: after } = editsOf(options, context)
      if (before === undefined && after === undefined) return next
      if (after === undefined) {
        return async request => {
          await before!(request)
          return next(request)
        }
      }
      return async request => {
        if (before !== undefined) await before(request)
        const response = await next(request)
        const edited = after(response, request)
        if (edited !== undefined) await edited
        return response
      }
    }
  })
  const modifier = defineModifier<O>({
    name,
    needs,
    schema,
    create(options, context) {
      const { request, response } = editsOf(options, context)
      return {
        ...(request === undefined ? {} : { request }),
        ...(response === undefined ? {} : { response })
      }
    }
  })
  return { HandlerRegisterer: handler, ClientRegisterer: handler, ModifierRegisterer: modifier }
}
