/** The steps of deploy/Dockerfile give a gateway that runs as another user on a read-only root. */

import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runSteps } from '../../scripts/image-steps.mjs'
import { freePort } from '../support/free-port.js'
import { fetch, once, until } from '../support/waiting.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Why the steps cannot be carried out here; false when they can. */
function obstacle(): string | false {
  if (process.env['SLUICE_DELIVERY'] !== '1') return 'the steps of the image take minutes: set SLUICE_DELIVERY=1, as .ci/run does'
  if (process.getuid?.() !== 0) return 'only root can run a process as another user'
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' })
    return false
  } catch {
    return 'this machine gives no mount namespaces'
  }
}

const NOT_HERE = obstacle()
if (NOT_HERE !== false) console.error(`\n*** the image is not tried: ${NOT_HERE}\n`)

/** Runs a command of the image: its root is read-only, its user another one, its configuration mounted. */
function runImage(t: TestContext, stage: ReturnType<typeof runSteps>, config: string, env: NodeJS.ProcessEnv): ChildProcess {
  const [uid, gid] = stage.user.split(':')
  const [program, file] = stage.entrypoint
  const inside = join(stage.root, stage.workdir)
  const command = [
    `mount --bind ${config} ${inside}`,
    `mount --rbind ${stage.root} ${stage.root}`,
    `mount -o remount,ro,bind ${stage.root}`,
    `mount -o remount,ro,bind ${inside}`,
    `if touch ${stage.root}/x 2>/dev/null; then echo 'the root is not read-only'; exit 9; fi`,
    `cd ${inside}`,
    `exec setpriv --reuid=${uid} --regid=${gid} --clear-groups --no-new-privs ${process.execPath} ${stage.root}${file} ${stage.cmd.join(' ')}`
  ].join('\n')
  assert.equal(program, 'node')
  const child = spawn('unshare', ['-m', 'sh', '-ec', command], { env: { PATH: process.env['PATH'], ...stage.env, ...env } })
  t.after(() => void child.kill('SIGKILL'))
  return child
}

test('the image serves, and ends when it is asked to', { skip: NOT_HERE }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-image-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755)
  let stage: ReturnType<typeof runSteps>
  try {
    stage = runSteps(join(ROOT, 'deploy/Dockerfile'), ROOT, folder)
  } catch (error) {
    const text = String((error as { stderr?: unknown }).stderr ?? error)
    if (!/ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ENETUNREACH/.test(text)) throw error
    console.error('\n*** the image is not tried: the registry of npm cannot be reached\n')
    return t.skip('no registry')
  }
  const config = mkdtempSync(join(tmpdir(), 'sluice-image-config-'))
  t.after(() => rmSync(config, { recursive: true, force: true }))
  chmodSync(config, 0o755)
  const port = await freePort()
  const redis = { connection_pools: [{ name: 'away', address: '127.0.0.1:1' }] }
  writeFileSync(join(config, 'krakend.json'), JSON.stringify({ version: 3, port, extra_config: { redis }, endpoints: [] }))
  const child = runImage(t, stage, config, { KRAKEND_PORT: String(port) })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream!.on('data', chunk => (output += chunk))
  const healthy = () =>
    fetch(`http://127.0.0.1:${port}/__health`).then(
      response => response.status === 200,
      () => child.exitCode !== null && assert.fail(output)
    )
  await until(healthy, 'the image serves')
  const status = execFileSync('ps', ['-o', 'uid=', '-p', String(child.pid)], { encoding: 'utf8' })
  assert.equal(status.trim(), '65532')
  const gone = once<[number | null]>(child, 'exit')
  child.kill('SIGTERM')
  assert.equal((await gone)[0], 0, output)
  const bundled = createRequire(join(stage.root, 'opt/sluice/package.json'))
  for (const optional of ['ioredis', '@grpc/grpc-js']) assert.ok(bundled.resolve(optional))
  assert.throws(() => bundled.resolve('typescript'))
})
