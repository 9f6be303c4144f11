/** What bench:go-plugins measures besides requests: copies, starts and growth. */
import { load } from '../peers/load.mjs'
import { cpuBetween, cpuTimes, descriptorsNow, freePort, residentNow } from '../peers/processes.mjs'
import { median } from '../peers/statistics.mjs'
import { collectGarbage, metricsOf, withGateway } from './gateways.mjs'

const MEBIBYTE = 2 ** 20
/** Starts of each kind, of which the median counts. */
const STARTS = 5

/** Bytes of bodies that Go and the gateway copied, in bodies of 1 MiB. */
export async function copies(one, options) {
  const counted = await freePort()
  const requests = 20
  return withGateway({ ...one, counted }, options, async ({ port }) => {
    for (let i = 0; i < requests; i++) {
      const { byteLength } = await (await fetch(`http://127.0.0.1:${port}/1m.txt`)).arrayBuffer()
      if (byteLength !== MEBIBYTE) throw new Error(`${one.name}: a body of ${byteLength} bytes`)
    }
    return (await metricsOf(counted))('sluice_go_plugin_copied_bytes_total') / requests / MEBIBYTE
  })
}

/** What a start of `one` takes more than one of `none`: ms, and ms of CPU; medians of starts in turn. */
export async function startBeyond(one, none, options) {
  const took = []
  const cpu = []
  const of = gateway =>
    withGateway(gateway, options, async running => [running.startMs, cpuBetween(new Map(), cpuTimes(running)) / 1000])
  for (let i = 0; i < STARTS; i++) {
    const [before, after] = [await of(none), await of(one)]
    took.push(after[0] - before[0])
    cpu.push(after[1] - before[1])
  }
  return { took: median(took), cpu: median(cpu) }
}

/**
 * Memory of the process and of Go, and what is open there, after parts of the requests. Each row is told when it is known.
 * @param {(row: object) => void} onRow
 */
export async function growth(one, options, onRow) {
  const counted = await freePort()
  return withGateway({ ...one, counted, collects: true }, options, async running => {
    const marks = [0.1, 0.25, 0.5, 0.75, 1].map(part => part * options.requests)
    for (let done = 0; marks.length > 0; ) {
      const seconds = Math.max(1, Math.min(5, Math.round(options.requests / 100_000)))
      done += (await load({ port: running.port, path: '/150.txt', connections: 64, seconds, folder: options.folder })).requests
      if (done < marks[0]) continue
      collectGarbage(running)
      await metricsOf(counted)
      const of = await metricsOf(counted)
      onRow({
        requests: done,
        resident: residentNow(running) / MEBIBYTE,
        heap: of('nodejs_heap_size_used_bytes') / MEBIBYTE,
        go: of('sluice_go_plugin_memory_bytes') / MEBIBYTE,
        goroutines: of('sluice_go_plugin_goroutines'),
        open: of('sluice_go_plugin_open_exchanges') + of('sluice_go_plugin_open_handles'),
        descriptors: descriptorsNow(running)
      })
      while (done >= marks[0]) marks.shift()
    }
  })
}
