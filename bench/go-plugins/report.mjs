/** The figures of bench:go-plugins as Markdown, part by part. No input, no output. */
import { digits, disturbance, of, RATIO_HEAD, RATIO_LINE, ratioCells, ratioLegend, times } from '../peers/report.mjs'
import { ratio } from '../peers/statistics.mjs'
import { DEATH_HEAD, deathCells, ENDS } from './deaths.mjs'

/** Requests up to which the cost of warming up is told. */
const WARMING = [1000, 5000, 20_000]

/** µs of CPU that the first `count` requests took; undefined when there were fewer. */
function cpuOfFirst(warming, count) {
  let left = count
  let sum = 0
  for (const { requests, cpu } of warming) {
    const part = Math.min(1, left / requests)
    sum += part * cpu
    left -= requests * part
    if (left <= 0) return sum
  }
  return undefined
}

function warmingCells({ warming }) {
  return WARMING.map(count => {
    const cpu = cpuOfFirst(warming, count)
    return cpu === undefined ? '–' : digits(cpu / count)
  })
}

function requestsTable(measured, base) {
  return [
    `| | CPU µs/request | ${RATIO_HEAD} | requests/s | p99 ms | most memory, MiB |`,
    `|---|--:|${RATIO_LINE}|--:|--:|--:|`,
    ...measured.map(each => {
      const cells = [digits(of(each, 'cpu')), ratioCells(each, base), digits(of(each, 'rate')), of(each, 'p99').toFixed(1)]
      return `| ${each.name} | ${cells.join(' | ')} | ${Math.round(each.rssMiB)} |`
    }),
    '',
    ...[disturbance(base)].filter(text => text !== '').flatMap(text => [text, ''])
  ]
}

/** Ratios that have a goal: each a name, who against whom, and the goal. */
function goalTable(rows) {
  return [
    `| CPU | ${RATIO_HEAD} | goal |`,
    `|---|${RATIO_LINE}|--:|`,
    ...rows.map(([name, each, base, goal]) => `| ${name} | ${ratioCells(each, base)} | ${goal} |`),
    ''
  ]
}

/** Sluice beside the KrakenD that does the same, where there is one. */
function krakendTable(rows) {
  const there = rows.filter(([, , krakend]) => krakend !== undefined)
  if (there.length === 0) return []
  return [
    `| CPU against *KrakenD* with the same source as .so | ${RATIO_HEAD} |`,
    `|---|${RATIO_LINE}|`,
    ...there.map(([name, each, krakend]) => `| ${name} | ${ratioCells(each, krakend)} |`),
    ''
  ]
}

export function requestsLines({ version, measured }) {
  const [none, script, one, three, krakend, krakendOne, krakendThree] = measured
  return [
    '## A plugin that sets fields',
    '',
    `${version}. A plugin at the service sets a field of the request and one of the response, on a pass-through endpoint of 150 B, 64 connections.`,
    ratioLegend('none'),
    '',
    ...requestsTable(measured, none),
    ...goalTable([
      ['Go against JavaScript', one, script, '2.5 ×'],
      ['three in Go against one', three, one, '3 ×']
    ]),
    ...krakendTable([
      ['none', none, krakend],
      ['Go', one, krakendOne],
      ['three in Go', three, krakendThree]
    ]),
    'V8 optimises WebAssembly while it runs: the first requests cost more, and a busy machine takes longer to have had so many. CPU µs per request, that of the compiler included:',
    '',
    `| of the first | ${WARMING.map(count => count.toLocaleString('en')).join(' | ')} |`,
    `|---|${WARMING.map(() => '--:').join('|')}|`,
    ...measured.slice(0, 4).map(each => `| ${each.name} | ${warmingCells(each).join(' | ')} |`),
    ''
  ]
}

export function jsonLines({ measured }) {
  const [none, script, one, krakend, krakendOne] = measured
  return [
    '## A plugin that rewrites JSON',
    '',
    `It decodes a response of 16 KB, changes one member and encodes it again, for each request. ${ratioLegend('none')}`,
    '',
    ...requestsTable(measured, none),
    `More than *none*, CPU µs per request, cheapest rounds: JavaScript ${digits(more(script, none))}, Go ${digits(more(one, none))}. Go against JavaScript, all of the gateway: ${times(ratio(one, script).median)} ×.`,
    '',
    ...krakendTable([
      ['none', none, krakend],
      ['JavaScript', script, krakendOne],
      ['Go', one, krakendOne]
    ])
  ]
}

const least = each => Math.min(...each.rounds.map(round => round.cpu))
const more = (each, base) => least(each) - least(base)

export const copiesLines = ({ three, client }) => [
  '## Bodies',
  '',
  '| bodies of 1 MiB: times that they are copied | | goal |',
  '|---|--:|--:|',
  `| three in Go that set fields | ${three} | 0 |`,
  `| a client plugin that reads it and writes it | ${client.toFixed(2)} | 2 |`,
  ''
]

export const startsLines = ({ modules, took, cpu }) => [
  '## Start',
  '',
  `A start with ${modules} modules against one with none: ${Math.round(took)} ms more, ${Math.round(cpu)} ms of CPU; goal: 500 ms.`,
  ''
]

/** @param {Record<string, { took: number[], usual: number[] }>} kinds */
export const deathsLines = kinds => [
  '## When a module ends',
  '',
  'ms from the failure of the request that ended it to the next good response of one that was sent then, while 64 connections send without a pause; goal: 100 ms. A panic in a handler ends its request alone.',
  '',
  `| | ${DEATH_HEAD} |`,
  '|---|--:|--:|--:|--:|--:|--:|',
  ...Object.entries(kinds).map(([how, figures]) => `| ${ENDS[how]} | ${deathCells(figures).join(' | ')} |`),
  ''
]

/** @param {{ name: string, rows: object[] }[]} grown */
export const growthLines = grown => [
  '## Growth',
  '',
  '`heap` is that after a full collection. `--requests` says how many there are.',
  '',
  ...grown.flatMap(({ name, rows }) => [
    `| ${name}: requests | resident, MiB | heap, MiB | memory of Go, MiB | goroutines | open in Go | descriptors |`,
    '|--:|--:|--:|--:|--:|--:|--:|',
    ...rows.map(growthLine),
    ''
  ])
]

export function growthLine({ requests, resident, heap, go, goroutines, open, descriptors }) {
  const sizes = [Math.round(resident), Math.round(heap), go.toFixed(1)]
  return `| ${[requests.toLocaleString('en'), ...sizes, goroutines, open, descriptors].join(' | ')} |`
}
