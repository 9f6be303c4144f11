import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { LIMIT_MS, once, until } from '../support/waiting.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

class Served {
  out = ''
  err = ''
  readonly child: ChildProcess
  readonly closed: Promise<unknown[]>

  constructor(scenario: string, ...argv: string[]) {
    this.child = spawn(process.execPath, ['--import', 'tsx', 'test/cli/served.ts', scenario, ...argv], { cwd: root })
    this.child.stdout!.setEncoding('utf8').on('data', text => {
      this.out += text
    })
    this.child.stderr!.setEncoding('utf8').on('data', text => {
      this.err += text
    })
    this.closed = once(this.child, 'close', 2 * LIMIT_MS)
  }

  async says(text: string): Promise<void> {
    await until(() => this.err.includes(text), `'${text}' on stderr`)
  }

  async exitCode(): Promise<unknown> {
    return (await this.closed)[0]
  }
}

for (const [signal, name] of [
  ['SIGINT', 'interrupt'],
  ['SIGTERM', 'terminated']
] as const) {
  test(`${signal} drains the gateway and ends well`, async () => {
    const served = new Served('drains', 'run', '-c', 'k.json')
    await served.says('listening')
    served.child.kill(signal)
    assert.equal(await served.exitCode(), 0)
    assert.match(served.out, new RegExp(`SLUICE INFO: Signal intercepted: ${name}\n`))
  })
}

test('waits no longer than max_shutdown_wait_time, and says what was cut', async () => {
  const served = new Served('slow', 'run', '-c', 'k.json')
  await served.says('listening')
  served.child.kill('SIGTERM')
  assert.equal(await served.exitCode(), 0)
  assert.match(served.out, /WARNING: Exchanges were still open after max_shutdown_wait_time \(1234ms\) and were cut/)
})

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143]
] as const) {
  test(`a second ${signal} ends at once with ${code}`, async () => {
    const served = new Served('hangs', 'run', '-c', 'k.json')
    await served.says('listening')
    served.child.kill('SIGTERM')
    await served.says('closing')
    served.child.kill(signal)
    assert.equal(await served.exitCode(), code)
    assert.match(served.out, /WARNING: Second signal: ending at once, open exchanges are cut\n$/)
  })
}

test('a gateway that cannot be closed is a failure', async () => {
  const served = new Served('broken', 'demo')
  await served.says('listening')
  served.child.kill('SIGTERM')
  assert.equal(await served.exitCode(), 1)
  assert.match(served.out, /CRITICAL: The gateway could not be closed: Error: cannot close/)
})

test('what no code caught is logged with its stack and ends nothing', async () => {
  const served = new Served('throws', 'run', '-c', 'k.json')
  await served.says('listening')
  served.child.kill('SIGTERM')
  assert.equal(await served.exitCode(), 0)
  assert.match(served.out, /CRITICAL: Unhandled rejection: Error: late rejection\n\s+at /)
  assert.match(served.out, /CRITICAL: Uncaught exception: thrown text/)
})

test('goes on serving when the reader of its log goes away', async () => {
  const served = new Served('drains', 'run', '-c', 'k.json')
  await served.says('listening')
  served.child.stdout!.destroy()
  served.child.kill('SIGTERM')
  assert.equal(await served.exitCode(), 0)
})
