/** A program that measures over one upstream and writes one report. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { writeBodies } from './bodies.mjs'
import { checkSeconds } from './load.mjs'
import { main, readOptions } from './options.mjs'
import { checkPrograms, startUpstream } from './peers.mjs'
import { stop } from './processes.mjs'

/**
 * Reads --rounds, --seconds, --warmup and --out, starts the upstream, prints the lines that `measure` answers and writes them.
 * @param {string} out the report's file unless --out names another one
 * @param {(options: { upstream: string, folder: string, rounds: number, seconds: number, warmup: number }) => Promise<string[]>} measure
 */
export function reportRun(out, measure) {
  return main(async () => {
    const values = readOptions({
      rounds: { as: 'count', default: '9' },
      seconds: { as: 'number', default: '1' },
      warmup: { as: 'number', default: '3' },
      out: { as: 'text', default: out }
    })
    checkSeconds('--seconds', values.seconds)
    checkSeconds('--warmup', values.warmup)
    checkPrograms()
    const folder = mkdtempSync(path.join(tmpdir(), 'bench-report-'))
    chmodSync(folder, 0o755) // nginx's worker may be another user
    writeBodies(path.join(folder, 'www'))
    const upstream = await startUpstream(path.join(folder, 'www'), folder)
    let text
    try {
      const lines = await measure({ ...values, upstream: `http://127.0.0.1:${upstream.port}`, folder })
      text = `${lines.join('\n').trimEnd()}\n`
    } finally {
      await stop(upstream)
      rmSync(folder, { recursive: true, force: true })
    }
    process.stdout.write(text)
    if (values.out !== '') writeFileSync(values.out, text)
  })
}
