/** A Go module as a plugin module: its names register as those of a JavaScript plugin do. */

import path from 'node:path'
import { internals } from '../../../message/internals.js'
import type {
  About,
  ExtraConfig,
  Handler,
  HandlerFactory,
  Modifier,
  ModifierFactory,
  PluginContext,
  PluginModule
} from '../../types.js'
import type { GuestFile } from '../guest-kind.js'
import { ABOUT, type GuestServices } from '../guest-services.js'
import type { GoGeneration, GoKind, GoName } from './go-generation.js'
import { offerMetrics } from './go-metrics.js'
import { GoModule } from './go-module.js'
import { type GoFacts, readProgram } from './go-sections.js'
import { compileRuntime } from './go-world.js'

/** Kinds of factories, as Go numbers them. */
const MAKE = { server: 0, client: 1, requestModifier: 2, responseModifier: 3 } as const

/** Starts a module that `sluice plugin build` has made. @throws Error with what is wrong with it */
export async function loadGoModule(guest: GuestFile, services: GuestServices): Promise<PluginModule> {
  const file = path.basename(guest.file)
  const { exec, facts } = readProgram(guest.module, file)
  const module = new GoModule({ file, module: guest.module, runtime: compileRuntime(exec, file), services })
  const first = await module.start()
  services.onClose(() => module.close())
  offerMetrics(module, services)
  return Object.assign(pluginModule(module, first), { [ABOUT]: aboutOf(facts) })
}

/** For `sluice check-plugin`. */
function aboutOf({ go, module, border }: GoFacts): string[] {
  return [`Go plugin of KrakenD: module ${module}, compiled by ${go} for border ${border}`]
}

/** The symbols that the module has: those with names, and those whose registerers are wrong. */
export function pluginModule(module: GoModule, first: GoGeneration): PluginModule {
  const has = (kind: GoKind): boolean => first.names[kind].length > 0 || first.faults.has(kind)
  const each = (kind: GoKind, take: (name: GoName) => void): void => {
    const fault = first.faults.get(kind)
    if (fault !== undefined) throw new Error(fault)
    for (const name of first.names[kind]) take(name)
  }
  const about: About & { readonly note: () => string } = { note: () => noteOn(module) }
  return {
    ...(has('handler') && {
      HandlerRegisterer: {
        registerHandlers: register =>
          each('handler', ({ name }) => register(name, handlerFactory(module, name, MAKE.server), about))
      }
    }),
    ...(has('client') && {
      ClientRegisterer: {
        registerClients: register =>
          each('client', ({ name }) => register(name, handlerFactory(module, name, MAKE.client), about))
      }
    }),
    ...(has('modifier') && {
      ModifierRegisterer: {
        registerModifiers: register =>
          each('modifier', one => register(one.name, modifierFactory(module, one), { ...directions(one), ...about }))
      }
    })
  }
}

/** For `sluice pipes`. */
function noteOn({ file, counts }: GoModule): string {
  const { toGo, fromGo } = counts
  return `${file}: ${toGo} bytes of bodies copied to Go, ${fromGo} from it`
}

/** A name that is registered for both directions runs on requests only, as in KrakenD. */
const directions = ({ onRequest, onResponse }: GoName): { request: boolean; response: boolean } => ({
  request: onRequest,
  response: onResponse && !onRequest
})

/** Runs a factory; what it made is forgotten with the gateway, or the generation of its configuration. */
async function placeFor(module: GoModule, context: PluginContext, kind: number, extra: ExtraConfig): Promise<number> {
  const place = await module.place(kind, context.name, JSON.stringify(extra))
  context.signal.addEventListener('abort', () => module.drop(place), { once: true })
  return place
}

function handlerFactory(module: GoModule, name: string, kind: 0 | 1): HandlerFactory {
  return async (context, extra, next): Promise<Handler> => {
    if (kind === MAKE.server) {
      const place = await placeFor(module, context, kind, extra)
      return request => module.serve(place, internals(request), next, '')
    }
    // KrakenD allows one name only: a client plugin compares it with its own
    const place = await placeFor(module, context, kind, { ...extra, name })
    return request => module.serve(place, internals(request), next, request.origin ?? '')
  }
}

function modifierFactory(module: GoModule, { onRequest }: GoName): ModifierFactory {
  return async (context, extra): Promise<Modifier> => {
    const ofBackend = context.scope === 'backend'
    if (onRequest) {
      const place = await placeFor(module, context, MAKE.requestModifier, extra)
      return { request: request => module.modify(place, internals(request), undefined, ofBackend) }
    }
    const place = await placeFor(module, context, MAKE.responseModifier, extra)
    return {
      response: (response, request) => module.modify(place, internals(request), internals(response), ofBackend)
    }
  }
}
