/** The socket by which `sluice reload` finds a running gateway. Only the user that runs it can reach it. */

import { once } from 'node:events'
import { chmodSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { controlFolder, controlSocket, openControlFolder, runningGateways } from './control-folder.js'
import type { ReloadRequests } from './reload-requests.js'

/** Opens the socket; returns how to close it. @throws Error where there can be none */
export async function openControl(reloads: ReloadRequests): Promise<() => void> {
  if (process.platform === 'win32') throw new Error('this platform has no sockets in folders')
  const folder = controlFolder()
  openControlFolder(folder)
  const socket = controlSocket(folder, process.pid)
  runningGateways(folder) // removes what gateways that were killed have left
  rmSync(socket, { force: true }) // of a process that had this number before
  const server = createServer((req, res) => {
    req.resume()
    const [path, query = ''] = (req.url ?? '').split('?')
    if (req.method !== 'POST' || path !== '/reload') return void res.writeHead(404).end()
    const roll = new URLSearchParams(query).has('roll')
    void reloads.ask({ cause: 'command', roll }).then(({ ok, lines }) => {
      res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ ok, lines }))
    })
  })
  server.listen(socket)
  await once(server, 'listening')
  chmodSync(socket, 0o600)
  server.on('error', () => {})
  server.unref()
  return () => {
    server.close() // removes the socket
    server.closeAllConnections()
  }
}
