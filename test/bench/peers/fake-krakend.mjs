#!/usr/bin/env node
// Behaves like `krakend run -c FILE`: reads a file whose name ends in .json, listens where it says, answers its endpoints with 200 and all else with 404.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const [command, flag, file, ...more] = process.argv.slice(2)
if (command !== 'run' || flag !== '-c' || !file?.endsWith('.json') || more.length > 0) {
  process.stderr.write(`usage: krakend run -c FILE.json, not ${process.argv.slice(2).join(' ')}\n`)
  process.exit(1)
}
if (process.env.USAGE_DISABLE !== '1') throw new Error('it would report to its makers')
const { version, port, listen_ip, endpoints } = JSON.parse(readFileSync(file, 'utf8'))
if (version !== 3) throw new Error(`version ${version}`)
const pattern = ({ endpoint }) => new RegExp(`^${endpoint.replaceAll(/\{\w+\}/g, '[^/]+')}$`)
const routes = endpoints.map(one => ({ method: one.method ?? 'GET', pattern: pattern(one) }))
createServer((req, res) => {
  const found = routes.some(one => one.method === req.method && one.pattern.test(req.url))
  req.resume().on('end', () => res.writeHead(found ? 200 : 404).end())
}).listen(port, listen_ip)
