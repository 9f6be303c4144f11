/** `sluice reload`: tells a running gateway to take its configuration over again, and says what came of it. */

import { request } from 'node:http'
import { type Arguments, UsageError } from './arguments.js'
import { controlFolder, controlSocket, runningGateways } from './control/control-folder.js'
import type { ReloadOutcome } from './control/reload-requests.js'
import type { Terminal } from './terminal.js'

type Reply = Pick<ReloadOutcome, 'ok' | 'lines'>

/** Returns 0 when the reload took effect, 1 when it did not or no gateway was found. */
export async function reload(args: Arguments, terminal: Terminal): Promise<number> {
  const folder = controlFolder()
  const wanted = pidOf(args)
  const running = runningGateways(folder)
  const pid = wanted ?? (running.length === 1 ? running[0]! : undefined)
  if (pid === undefined) {
    terminal.error(
      running.length === 0
        ? `No gateway of this user runs here (looked in ${folder}). Elsewhere: kill -HUP PID, and its log says what came of it.`
        : `Several gateways run: choose one with --pid (${running.join(', ')})`
    )
    return 1
  }
  let reply: Reply
  try {
    reply = await ask(controlSocket(folder, pid), args.has('roll'))
  } catch (error) {
    terminal.error(`The gateway with the process id ${pid} cannot be asked: ${(error as Error).message}`)
    return 1
  }
  terminal.note(reply.ok ? 'The new configuration serves.' : 'Nothing has changed, the old configuration serves on:')
  for (const line of reply.lines) {
    if (reply.ok) terminal.print(line)
    else terminal.error(line)
  }
  return reply.ok ? 0 : 1
}

function pidOf(args: Arguments): number | undefined {
  const text = args.text('pid')
  if (text === undefined) return undefined
  const pid = Number(text)
  if (!/^\d{1,10}$/.test(text) || pid < 1)
    throw new UsageError(`invalid process id ${JSON.stringify(text)}: a number is expected`, 'reload')
  return pid
}

function ask(socketPath: string, roll: boolean): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method: 'POST', path: roll ? '/reload?roll' : '/reload' }, res => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (chunk: string) => {
        text += chunk
      })
      res.on('error', reject)
      res.on('end', () => {
        try {
          resolve(JSON.parse(text) as Reply)
        } catch {
          reject(new Error('it ended before it could say what came of the reload'))
        }
      })
    })
    asked.on('error', (error: NodeJS.ErrnoException) => {
      const gone = error.code === 'ENOENT' || error.code === 'ECONNREFUSED'
      reject(gone ? new Error(`nothing listens on ${socketPath}`) : error)
    })
    asked.end()
  })
}
