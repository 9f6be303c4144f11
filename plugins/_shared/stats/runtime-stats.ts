/** `krakend.service.…`: what of Go's runtime has a counterpart here: heap, garbage collection, the process. */

import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { type Put, putSample } from './registry.js'
import { Sample } from './sample.js'

const NANOSECONDS = 1_000_000

/** Counts garbage collections from its first start until it is closed. */
export class RuntimeStats {
  /** Nanoseconds. */
  readonly pauses = new Sample()
  private pauseTotal = 0
  private lastAt = 0
  private started = false
  private readonly observer = new PerformanceObserver(list => {
    for (const entry of list.getEntries()) {
      const pause = Math.round(entry.duration * NANOSECONDS)
      this.pauses.record(pause)
      this.pauseTotal += pause
      this.lastAt = Math.round((performance.timeOrigin + entry.startTime + entry.duration) * NANOSECONDS)
    }
  })

  start(): void {
    if (this.started) return
    this.started = true
    this.observer.observe({ entryTypes: ['gc'] })
  }

  close(): void {
    this.observer.disconnect()
  }

  put(put: Put): void {
    this.putGauges(put)
    putSample(put, 'krakend.service.debug.GCStats.Pause', this.pauses)
    putSample(put, 'krakend.service.runtime.MemStats.PauseNs', this.pauses)
  }

  /** All but the histograms. */
  putGauges(put: Put): void {
    const heap = getHeapStatistics()
    const memory = process.memoryUsage()
    const gc = 'krakend.service.debug.GCStats.'
    put(`${gc}LastGC`, this.lastAt)
    put(`${gc}NumGC`, this.pauses.count)
    put(`${gc}PauseTotal`, this.pauseTotal)
    const runtime = 'krakend.service.runtime.'
    put(`${runtime}NumThread`, 1)
    const stats = `${runtime}MemStats.`
    put(`${stats}Alloc`, heap.used_heap_size)
    put(`${stats}HeapAlloc`, heap.used_heap_size)
    put(`${stats}HeapIdle`, Math.max(0, heap.total_heap_size - heap.used_heap_size))
    put(`${stats}HeapInuse`, heap.used_heap_size)
    put(`${stats}HeapSys`, heap.total_heap_size)
    put(`${stats}LastGC`, this.lastAt)
    put(`${stats}NextGC`, heap.heap_size_limit)
    put(`${stats}NumGC`, this.pauses.count)
    put(`${stats}PauseTotalNs`, this.pauseTotal)
    put(`${stats}Sys`, memory.rss)
  }
}
