/** The figures as Markdown. */
import { loadavg } from 'node:os'
import { GENERATOR } from './load.mjs'
import { machine, pinning } from './machine.mjs'
import { DISTURBED } from './measure.mjs'
import { KRAKEND, krakendVersion, UPSTREAM } from './peers.mjs'
import { median, ratio } from './statistics.mjs'

/** The median of one figure of the rounds. */
export const of = (measured, field) => median(measured.rounds.map(round => round[field]))

export const digits = number => (number >= 100 ? Math.round(number).toLocaleString('en') : number.toFixed(1))
export const times = number => number.toFixed(2)

function spread(measured) {
  const all = measured.rounds.map(round => round.cpu)
  return `${digits(Math.min(...all))}–${digits(Math.max(...all))}`
}

/** What the figures were taken on and how, for the head of a report. */
export function conditions({ rounds, seconds, warmup }) {
  return `${machine()}; load: ${GENERATOR}; upstream: ${UPSTREAM === 'nginx' ? 'nginx' : 'a node process'}; ${rounds} rounds of ${seconds} s for each after ${warmup} s of warming up, in turn, forwards and backwards.
${pinning()} CPU is user and system time of the process tree. A round in which others used more than ${DISTURBED * 100} % of the machine is measured again; the calmest ${rounds} count.${notes()}`
}

function notes() {
  const lines = []
  if (KRAKEND) lines.push(krakendVersion())
  if (UPSTREAM === 'node')
    lines.push(
      'The upstream is a node process, as nginx is not on the PATH: it costs about as much as what is measured, so requests/s and latencies are often its own; *busy* says so. CPU per request is of the measured alone.'
    )
  if (GENERATOR === 'autocannon')
    lines.push(
      'The load comes from autocannon, as wrk is not on the PATH: it is slower than most of those measured, counts latencies in whole ms, and has its own share in them.'
    )
  return lines.map(line => `\n${line}`).join('')
}

/** How many rounds others disturbed, as a sentence; empty when none. */
export function disturbance({ discarded, disturbed }) {
  if (discarded + disturbed === 0) return ''
  return `Disturbed rounds: ${discarded} discarded, ${disturbed} counted all the same.`
}

/** The columns of {@link ratioCells}. */
export const RATIO_HEAD = '× | 25–75 % | range | × least'
export const RATIO_LINE = '--:|--:|--:|--:'

/** Median, middle half and range of the rounds' ratios, and the ratio of the cheapest rounds. */
export function ratioCells(measured, base) {
  const r = ratio(measured, base)
  return `${times(r.median)} | ${times(r.q1)}–${times(r.q3)} | ${times(r.low)}–${times(r.high)} | ${times(r.minima)}`
}

/** What {@link RATIO_HEAD} says. */
export const ratioLegend = base =>
  `\`×\` is CPU against *${base}*, the median of the rounds' ratios, with their middle half and their range; \`× least\` compares the cheapest rounds.`

/** One case: the first peer is what the others are compared with. */
export function caseTable(one, measured) {
  const base = measured.find(each => each.name === 'bare' || each.name === 'naive aggregator') ?? measured[0]
  const lines = [
    `### ${one.title}`,
    '',
    `${one.connections ?? 64} connections. ${ratioLegend(base.name)} ${disturbance(base)}`.trim(),
    '',
    `| | CPU µs/request | spread | ${RATIO_HEAD} | busy | requests/s | p50 ms | p99 ms | p99.9 ms | peak RSS MiB |`,
    `|---|--:|--:|${RATIO_LINE}|--:|--:|--:|--:|--:|--:|`
  ]
  for (const each of measured) {
    lines.push(
      `| ${each.name} | ${digits(of(each, 'cpu'))} | ${spread(each)} | ${ratioCells(each, base)} | ${percent(of(each, 'busy'))} | ` +
        `${digits(of(each, 'rate'))} | ${of(each, 'p50').toFixed(2)} | ${of(each, 'p99').toFixed(2)} | ${of(each, 'p999').toFixed(2)} | ${Math.round(each.rssMiB)} |`
    )
  }
  lines.push(...otherRatios(measured))
  return `${lines.join('\n')}\n`
}

/** Programs that check nothing, in the cases that have them. */
const FLOORS = ['splice', 'bare splice']
/** With the components and without them. */
const KRAKENDS = ['KrakenD', 'KrakenD (real life)', 'KrakenD (no components)']

/** The ratios against programs that check nothing, and those of Sluice against the KrakenD that does the same. */
function otherRatios(measured) {
  return [
    ...FLOORS.flatMap(floor =>
      ratiosAgainst(
        measured,
        floor,
        measured.filter(each => !FLOORS.includes(each.name))
      )
    ),
    ...KRAKENDS.flatMap(krakend =>
      ratiosAgainst(
        measured,
        krakend,
        measured.filter(each => each.name === krakend.replace('KrakenD', 'Sluice'))
      )
    )
  ]
}

/** @param {string} name who `others` are compared with; there is no table without them */
function ratiosAgainst(measured, name, others) {
  const base = measured.find(each => each.name === name)
  if (base === undefined || others.length === 0) return []
  return [
    '',
    `| CPU against *${name}* | ${RATIO_HEAD} |`,
    `|---|${RATIO_LINE}|`,
    ...others.map(each => `| ${each.name} | ${ratioCells(each, base)} |`)
  ]
}

const percent = part => `${Math.round(part * 100)} %`

/** The whole file. */
export function document(results, options) {
  return `# Sluice beside others

Generated by \`npm run bench:peers\`; what is run and how stands in [README.md](README.md).

${conditions(options)}
Load average at the end: ${loadavg()[0].toFixed(1)}; above 2 or 3 other programs were at work, and only the ratios say something. Figures are medians. Compare within a table only.
*busy* is the part of one processor that the process tree used while it was measured; where it is well below 100 %, requests/s and latencies are those of load and upstream.

## What is unfair to whom

- *bare* forwards everything blindly, keeps no deadline, and leaves an upstream running when its client has gone. It is a floor, not a gateway.
- *fast-proxy*, *http-proxy-3* have no router in front; *@fastify/http-proxy* and *Sluice* match the path. *http-proxy-3* and *fast-proxy* set no deadline per request.
- *nginx* and *HAProxy* buffer (a whole response, or 16 KiB pieces) and run one worker or thread, as the Node programs do. *KrakenD* uses as many processors as it is let.
- *fastify (real life)* keeps a breaker per route for all clients, limits by a fixed window, and has the cache of its token verifier on (1,000 tokens).
- *naive aggregator* keeps no deadlines, judges no status codes, loses numbers beyond 2^53 and gives no partial responses.
- *splice* is the naive aggregator without JSON: it pastes bytes together and looks at none of them, and what an upstream sends that is no JSON goes on. *bare splice* is
  that by undici's handlers, as *bare* is, without a field in its requests. They are floors, not aggregators.
- At 1 MiB figures follow how fast the load generator reads; there 16 connections are used.

${results.map(({ one, measured }) => caseTable(one, measured)).join('\n')}`
}
