import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { outputTo, wantsColours } from '../../src/telemetry/log-output.js'
import { LIMIT_MS, once } from '../support/waiting.js'
import { Collected } from './collect.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const source = JSON.stringify(new URL('../../src/telemetry/log-output.ts', import.meta.url).href)

function nodeArgs(script: string): string[] {
  return ['--import', 'tsx', '--input-type=module', '-e', `import { outputTo } from ${source}\n${script}`]
}

test('gathers the lines of one turn into one write', async () => {
  const out = new Collected()
  let writes = 0
  const write = out._write.bind(out)
  out._write = (chunk, encoding, done) => {
    writes++
    write(chunk, encoding, done)
  }
  const output = outputTo(out)
  output.write('a\n')
  output.write('b\n')
  assert.equal(out.text, '')
  await output.drained()
  assert.equal(out.text, 'a\nb\n')
  assert.equal(writes, 1)
  await output.drained()
})

test('a stream has one output', () => {
  const out = new Collected()
  assert.equal(outputTo(out), outputTo(out))
})

test('drops and counts when no process reads, and says so when one reads again', async () => {
  const out = new Collected()
  out.stopReading()
  const output = outputTo(out)
  const line = `${'x'.repeat(1023)}\n`
  output.write('first\n')
  await turn()
  for (let i = 0; i < 5000; i++) output.write(line)
  assert.ok(output.dropped > 0 && output.dropped < 5000)
  out.readOn()
  await output.drained()
  assert.equal(out.lines.length, 1 + 5000 - output.dropped + 1)
  assert.equal(out.lines.at(-1), `${output.dropped} log lines were dropped: the output was not read`)
})

test('colours are for terminals that can, and for those who force them; NO_COLOR has the last word', () => {
  const terminal = { isTTY: true, fd: 1 }
  const pipe = { fd: 2 }
  const cases: [object, Record<string, string>, boolean][] = [
    [terminal, {}, true],
    [terminal, { TERM: 'dumb' }, false],
    [terminal, { NO_COLOR: '1' }, false],
    [terminal, { NO_COLOR: '' }, true],
    [terminal, { FORCE_COLOR: '0' }, false],
    [pipe, {}, false],
    [pipe, { FORCE_COLOR: '1' }, true],
    [pipe, { FORCE_COLOR: '' }, true],
    [pipe, { FORCE_COLOR: 'false' }, false],
    [pipe, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    [{}, { FORCE_COLOR: '1' }, false] // a file or a stream of the user's own
  ]
  for (const [stream, env, wanted] of cases) assert.equal(wantsColours(stream, env), wanted, JSON.stringify([stream, env]))
})

test('falls silent when the destination breaks', async () => {
  const out = new Collected()
  const output = outputTo(out)
  output.write('lost\n')
  const drained = output.drained()
  out.destroy(new Error('EPIPE'))
  await drained
  output.write('later\n')
  await output.drained()
  assert.equal(out.text, '')
  const gone = new Collected()
  gone.destroy()
  outputTo(gone).write('x\n')
  assert.equal(gone.text, '')
})

for (const [how, script] of [
  ['process.exit', 'process.exit(3)'],
  ['an uncaught exception', 'throw new Error("fatal")'],
  ['an empty event loop', '']
] as const) {
  test(`writes everything before the end by ${how}`, () => {
    const child = spawnSync(
      process.execPath,
      nodeArgs(`const o = outputTo(process.stdout); for (let i = 0; i < 20000; i++) o.write('line ' + i + '\\n'); ${script}`),
      { encoding: 'utf8', cwd: root, timeout: LIMIT_MS }
    )
    const lines = child.stdout.split('\n')
    assert.equal(lines.length, 20_001)
    assert.equal(lines[19_999], 'line 19999')
  })
}

test('survives a reader that went away', async () => {
  const child = spawn(
    process.execPath,
    nodeArgs(`const o = outputTo(process.stdout)
      const t = setInterval(() => o.write('line\\n'), 1)
      process.stdout.on('close', () => { clearInterval(t); o.write('more\\n'); process.stderr.write('still here'); process.exitCode = 7 })`),
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] }
  )
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    errors += text
  })
  await once(child.stdout, 'data')
  child.stdout.destroy()
  const [code] = await once(child, 'close')
  assert.equal(errors, 'still here')
  assert.equal(code, 7)
})

test('a disk that is full loses lines, says so once, and gets the next ones when it has room again', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-log-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'log')
  const fd = openSync(file, 'w')
  t.after(() => closeSync(fd))
  class Full extends Writable {
    fd = fd
    override _write(_chunk: Buffer, _encoding: BufferEncoding, done: (error: Error) => void): void {
      done(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }))
    }
  }
  const full = new Full()
  const output = outputTo(full)
  const said: string[] = []
  output.onFailure = error => void said.push(error.message)
  output.write('one\ntwo\n')
  await once(full, 'close')
  assert.deepEqual([output.dropped, said], [2, ['ENOSPC: no space left on device, write']])
  output.write('three\n')
  await output.drained()
  assert.equal(readFileSync(file, 'utf8'), '\nthree\n2 log lines were dropped: ENOSPC: no space left on device, write\n')
  assert.match(String(output.failure), /ENOSPC/)
})

const full = { skip: existsSync('/dev/full') ? false : 'this platform has no /dev/full' }
test('lines that never have room are counted, and the end is not held up', full, async () => {
  const child = spawnSync(
    process.execPath,
    nodeArgs(`const o = outputTo(process.stdout)
      let said = 0
      o.onFailure = () => said++
      for (let i = 0; i < 20; i++) { o.write('line\\n'); await new Promise(setImmediate) }
      await o.drained()
      process.stderr.write(o.dropped + ' ' + said)`),
    { encoding: 'utf8', cwd: root, stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'] }
  )
  assert.equal(child.stderr, '20 1')
  assert.equal(child.status, 0)
})

test('a reader that has stopped is not waited for without end', async () => {
  const out = new Collected()
  out.stopReading()
  const output = outputTo(out)
  output.write('first\n')
  let isDrained = false
  const drained = output.drained().then(() => {
    isDrained = true
  })
  await output.drained(1)
  assert.equal(isDrained, false)
  out.readOn()
  await drained
  await output.drained()
})

test('a reader that stopped does not hold up the end', async () => {
  const child = spawn(
    process.execPath,
    nodeArgs(`const o = outputTo(process.stdout)
      o.write('x'.repeat(300000) + '\\n')
      setImmediate(() => setImmediate(() => { o.write('y'.repeat(300000) + '\\n'); process.exit(5) }))`),
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] }
  )
  const [code] = await once(child, 'exit')
  child.stdout.destroy()
  assert.equal(code, 5)
})
