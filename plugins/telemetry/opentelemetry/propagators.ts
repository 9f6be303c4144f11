import type { OptionReader } from 'sluice/plugin'
import { DEFAULT_PROPAGATORS, PROPAGATORS, type Propagator } from '../../_shared/traces/propagation.js'

/** Reads `propagators`; without it `OTEL_PROPAGATORS`, whose unknown names are passed over. An empty list, or `none`: nothing goes on. */
export function readPropagators(options: OptionReader, env: Readonly<Record<string, string | undefined>>): readonly Propagator[] {
  if (options.value !== undefined && options.keys().includes('propagators')) {
    const names = options.texts('propagators')
    for (const [index, name] of names.entries()) {
      if (!isKnown(name) && name !== 'none')
        options.fail(`/propagators/${index}`, `'${name}' is not known: ${PROPAGATORS.join(', ')} or none`)
    }
    return names.filter(isKnown)
  }
  const text = env.OTEL_PROPAGATORS ?? ''
  if (text.trim() === '') return DEFAULT_PROPAGATORS
  return text
    .split(',')
    .map(name => name.trim())
    .filter(isKnown)
}

const isKnown = (name: string): name is Propagator => (PROPAGATORS as readonly string[]).includes(name)
