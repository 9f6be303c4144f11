/** What a run measures, by its options: the cases in process, of plugins that only pass on, and of chains that are served. */
import { expectedSeconds } from '../peers/measure.mjs'
import { PASSING } from './plugins.mjs'
import { CURVE } from './report.mjs'
import { expectedPassing, SERVED } from './served.mjs'

export const inProcessId = ({ kind, size, count }) => `in process: ${count} × ${kind}, ${size}`
export const passingId = ({ kind, size, count }) => `${count} × ${kind} that pass on, ${size}`
export const servedId = ({ kind, size, count }) => `${count} × ${kind}, ${size}`

/** Every combination of the three. */
const product = (kinds, sizes, counts) =>
  kinds.flatMap(kind => sizes.flatMap(size => counts.map(count => ({ kind, size, count }))))

export const inProcessCases = ({ classes, sizes, counts }) => product(classes, sizes, counts)

export const passingCases = ({ sizes, served, variants }) => (variants.includes('pass') ? product(PASSING, sizes, served) : [])

/** The chains that are served: all classes with as many plugins as `served` says, and those of the picture. */
export function servedCases({ classes, sizes, served, curve, variants }) {
  if (!variants.some(variant => variant !== 'pass')) return []
  const cases = [...product(classes, sizes, served), ...product([CURVE.kind], [CURVE.size], curve)]
  return [...new Map(cases.map(one => [servedId(one), one])).values()]
}

/** All cases with the s that each takes, about. */
export function planOf(values) {
  const { variants, milliseconds } = values
  const others = SERVED.filter(variant => variants.includes(variant)).length
  return [
    ...inProcessCases(values).map(one => ({ id: inProcessId(one), seconds: figureSeconds(variants, milliseconds) })),
    ...passingCases(values).map(one => ({ id: passingId(one), seconds: expectedPassing(values) })),
    ...servedCases(values).map(one => ({ id: servedId(one), seconds: expectedSeconds(others, values) }))
  ]
}

export function figureSeconds(variants, milliseconds) {
  return (variants.length * milliseconds * 1.25) / 1000
}
