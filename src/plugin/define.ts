/** Plugins with options that are typed for the author and checked for the operator. */

import type {
  ClientPlugin,
  ExtraConfig,
  Handler,
  HandlerFactory,
  HandlerPlugin,
  Modifier,
  ModifierFactory,
  ModifierPlugin,
  Needs,
  Next,
  PluginContext
} from './types.js'

/**
 * Returns a plugin's own part of the namespace: `{"name": ["a"], "a": {…}}` → `{…}`, frozen.
 * @throws Error `configuration not found`, and where it stands
 */
export function optionsOf<O = Record<string, unknown>>(extra: ExtraConfig, name: string): O {
  const own = Object.hasOwn(extra, name) ? extra[name] : undefined
  if (typeof own !== 'object' || own === null) {
    throw new Error(`configuration not found: its options stand beside "name", as ${JSON.stringify(name)}: { … }`)
  }
  return own as O
}

interface Definition {
  /** The name under which configurations use the plugin. */
  readonly name: string
  /** JSON Schema (draft 2020-12) of the options; `default` is applied. Without it they come as they are. */
  readonly schema?: object
  /** What it touches of a body. Default: undeclared. */
  readonly needs?: Needs
}

/** A handler or client plugin whose options have the type `O`. */
export interface HandlerDefinition<O> extends Definition {
  /** Called once per place; `options` is `{}` when the configuration has none. A throw stops the start. */
  create(options: O, next: Next, context: PluginContext): Handler | Promise<Handler>
}

/** A modifier plugin whose options have the type `O`. */
export interface ModifierDefinition<O> extends Definition {
  /** Called once per place; `options` is `{}` when the configuration has none. A throw stops the start. */
  create(options: O, context: PluginContext): Modifier | Promise<Modifier>
}

/** Serves as `HandlerRegisterer` and as `ClientRegisterer`. */
export function defineHandler<O = Record<string, unknown>>(definition: HandlerDefinition<O>): HandlerPlugin & ClientPlugin {
  const { name } = definition
  const about = definition.needs === undefined ? {} : { needs: definition.needs }
  const read = optionsReader<O>(definition)
  const factory: HandlerFactory = async (context, extra, next) => definition.create(await read(extra), next, context)
  return {
    registerHandlers: register => register(name, factory, about),
    registerClients: register => register(name, factory, about)
  }
}

/** Serves as `ModifierRegisterer`; the directions are those whose functions the modifier has. */
export function defineModifier<O = Record<string, unknown>>(definition: ModifierDefinition<O>): ModifierPlugin {
  const about = definition.needs === undefined ? {} : { needs: definition.needs }
  const read = optionsReader<O>(definition)
  const factory: ModifierFactory = async (context, extra) => definition.create(await read(extra), context)
  return { registerModifiers: register => register(definition.name, factory, about) }
}

/** Compiles the schema on first use; ajv is loaded then. */
function optionsReader<O>(definition: Definition): (extra: ExtraConfig) => Promise<O> {
  const { name, schema } = definition
  let check: Promise<(options: unknown) => string[]> | undefined
  return async extra => {
    const own = Object.hasOwn(extra, name) ? extra[name] : undefined
    if (schema === undefined) return (own ?? Object.freeze({})) as O
    check ??= compileCheck(schema)
    const options = own === undefined ? {} : structuredClone(own)
    const faults = (await check)(options)
    if (faults.length > 0) throw new Error(`wrong options: ${faults.join('; ')}`)
    return Object.freeze(options) as O
  }
}

async function compileCheck(schema: object): Promise<(options: unknown) => string[]> {
  const { Ajv2020 } = await import('ajv/dist/2020.js')
  const validate = new Ajv2020({ allErrors: true, strict: false, useDefaults: true, validateFormats: false }).compile(schema)
  return options =>
    validate(options)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message, params }) => {
          const extra = (params as { additionalProperty?: string }).additionalProperty
          return `${instancePath === '' ? 'they' : instancePath} ${message ?? 'do not fit'}${extra === undefined ? '' : ` ('${extra}')`}`
        })
}
