/** A program that measures over one upstream and writes one report. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { writeBodies } from './bodies.mjs'
import { checkSeconds } from './load.mjs'
import { expectedSeconds } from './measure.mjs'
import { main, readOptions, reportPlace } from './options.mjs'
import { checkPrograms, startUpstream } from './peers.mjs'
import { stop } from './processes.mjs'
import { Progress } from './progress.mjs'

const OPTIONS = {
  rounds: { as: 'count', default: '3', full: '9', text: 'rounds of each case' },
  seconds: { as: 'number', default: '1', text: 'length of a round' },
  warmup: { as: 'number', default: '1', full: '3', text: 'seconds of load before the first round' },
  out: { as: 'text', default: '', text: 'a file for the report, in place of its usual one' }
}

/**
 * Reads the options, starts the upstream, prints the lines that `measure` returns, and writes them where that was asked for.
 * @param {{ out: string, about: string, cases: number, peers: number, sets?: { starts?: number, together?: boolean }, more?: object, seconds?: (values: object) => number }} program the report's usual file,
 *   the first line of the help, how much is measured and how, and options of its own; with `seconds`, which tells how long it takes, it has no rounds
 * @param {(options: { upstream: string, folder: string, rounds: number, seconds: number, warmup: number }) => Promise<string[]>} measure
 */
export function reportRun({ out, about, cases, peers, sets = {}, more = {}, seconds }, measure) {
  return main(async () => {
    const values = readOptions({ ...(seconds === undefined ? OPTIONS : { out: OPTIONS.out }), ...more }, undefined, about)
    if (seconds === undefined) {
      checkSeconds('--seconds', values.seconds)
      checkSeconds('--warmup', values.warmup)
    }
    checkPrograms()
    const folder = mkdtempSync(path.join(tmpdir(), 'bench-report-'))
    chmodSync(folder, 0o755) // nginx's worker may be another user
    writeBodies(path.join(folder, 'www'))
    const upstream = await startUpstream(path.join(folder, 'www'), folder)
    const progress = new Progress(seconds?.(values) ?? cases * expectedSeconds(peers, { ...values, ...sets }))
    let text
    try {
      const lines = await measure({ ...values, upstream: `http://127.0.0.1:${upstream.port}`, folder, progress })
      text = `${lines.join('\n').trimEnd()}\n`
    } finally {
      await stop(upstream)
      rmSync(folder, { recursive: true, force: true })
    }
    progress.clear()
    process.stdout.write(text)
    const place = reportPlace(values, out)
    if (place !== '') writeFileSync(place, text)
  })
}
