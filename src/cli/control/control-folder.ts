/** Where running gateways of this user can be found: a folder of their own with one socket each. */

import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'

/** Where the folder is: `SLUICE_RUN_DIR`, else below `XDG_RUNTIME_DIR`, else below the folder for temporary files. */
export function controlFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.SLUICE_RUN_DIR) return env.SLUICE_RUN_DIR
  return env.XDG_RUNTIME_DIR ? path.join(env.XDG_RUNTIME_DIR, 'sluice') : path.join(tmpdir(), `sluice-${userInfo().uid}`)
}

/** The socket of the gateway with this process id. */
export function controlSocket(folder: string, pid: number): string {
  return path.join(folder, `${pid}.sock`)
}

/** Makes the folder. @throws Error when it cannot be made, or others than this user could put something there */
export function openControlFolder(folder: string): void {
  makeFolder(path.resolve(folder))
  checkControlFolder(folder)
  chmodSync(folder, 0o700)
}

/** Makes a folder and those above it. `recursive` of Node.js runs for ever where a file system, such as that of /proc, takes none. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(path.dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // another gateway that starts may have made it
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** @throws Error when others than this user could have put something there */
function checkControlFolder(folder: string): void {
  const found = lstatSync(folder)
  if (!found.isDirectory()) throw new Error(`${folder} is no folder`)
  if (found.uid !== userInfo().uid) throw new Error(`${folder} belongs to another user`)
  if ((found.mode & 0o022) !== 0) throw new Error(`every user may write to ${folder}`)
}

/** Process ids of the gateways that have their socket here; sockets of processes that are gone are removed. */
export function runningGateways(folder: string): number[] {
  let names: string[]
  try {
    checkControlFolder(folder)
    names = readdirSync(folder)
  } catch {
    return []
  }
  const pids = names.map(name => Number(/^(\d+)\.sock$/.exec(name)?.[1])).filter(pid => pid > 0)
  return pids.filter(pid => {
    if (isAlive(pid)) return true
    rmSync(controlSocket(folder, pid), { force: true })
    return false
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
