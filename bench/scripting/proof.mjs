/** Whether a script runs, before its gateway is measured: a request to an upstream that notes what it is sent. */
import { createServer } from 'node:http'
import { ask } from '../peers/ask.mjs'
import { bodies } from '../peers/bodies.mjs'
import { startPeer } from '../peers/peers.mjs'
import { stop } from '../peers/processes.mjs'

const files = bodies()
/** What the upstream answers as JSON. */
export const ORDER = JSON.parse(files['16k.json'])

/**
 * Starts the gateway, asks it for `path`, ends it.
 * @param {{ name: string, ran: (answer: { status: number, headers: object, body: string, sent: object }) => boolean }} peer
 *   `ran` tells from the answer, and from the fields that the upstream was `sent`, whether the script did its work
 * @throws {Error} when it did not
 */
export async function prove(peer, path, folder) {
  let sent = {}
  const upstream = createServer((req, res) => {
    sent = req.headers
    const name = req.url.slice(1)
    res.setHeader('Content-Type', name.endsWith('.json') ? 'application/json' : 'text/plain')
    res.setHeader('Server', 'proof')
    res.end(files[name])
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => upstream.once('listening', resolve))
  let running
  try {
    running = await startPeer(peer, `http://127.0.0.1:${upstream.address().port}`, folder)
    const answer = await ask(running.port, { path, fields: { Cookie: 'a=b' } })
    if (answer.status !== 200 || !peer.ran({ ...answer, sent }))
      throw new Error(`${peer.name} did not run: ${answer.status} ${answer.body.slice(0, 200)}, sent ${JSON.stringify(sent)}`)
  } finally {
    if (running !== undefined) await stop(running)
    upstream.closeAllConnections()
    upstream.close()
  }
}
