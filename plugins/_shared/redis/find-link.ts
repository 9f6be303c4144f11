import type { ComponentContext, OptionReader } from 'sluice/plugin'
import { linksIn, type RedisLink } from './link.js'

/** Finds the connection that `connection_name`, or `connection_pool`, names. One that does not exist stops the start. */
export function findLink(options: OptionReader, context: ComponentContext): RedisLink {
  const newer = options.text('connection_name')
  const older = options.text('connection_pool')
  const name = newer || older
  const links = linksIn(context)
  const link = links.get(name)
  if (link !== undefined) return link
  context.buildsOn('redis')
  const names = [...links.keys()].map(one => `'${one}'`).join(', ')
  const known = links.size === 0 ? 'the service has no `redis`' : `\`redis\` has ${names}`
  const wanted = name === '' ? 'the name of a connection is missing' : `there is no connection '${name}'`
  return options.fail(newer === '' && older !== '' ? '/connection_pool' : '/connection_name', `${wanted}: ${known}`)
}
