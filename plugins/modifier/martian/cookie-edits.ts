/** `cookie.*`: cookies as Go's net/http writes and reads them. */

import type { GatewayRequest, GatewayResponse } from 'sluice/plugin'
import { type Edits, either } from './edits.js'
import type { OptionKeys } from './option-keys.js'
import type { Place } from './place.js'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

export function cookieModifier(keys: OptionKeys): Edits {
  const name = keys.text('name')
  if (!TOKEN.test(name)) keys.faults.add(keys.at('name'), `${JSON.stringify(name)} is no name of a cookie`)
  const pair = `${name}=${cookieValue(keys.text('value'))}`
  const whole = pair + attributesOf(keys)
  return {
    request: ({ headers }) => {
      const sent = headers.getAll('cookie').join('; ')
      headers.set('Cookie', sent === '' ? pair : `${sent}; ${pair}`)
    },
    response: response => response.headers.append('Set-Cookie', whole)
  }
}

/** A value without what no cookie may hold; in quotes when it holds a blank or a comma. */
function cookieValue(text: string): string {
  const value = text.replace(/[^\x20-\x7e]|["\\;]/g, '')
  return /[ ,]/.test(value) ? `"${value}"` : value
}

function attributesOf(keys: OptionKeys): string {
  const path = keys.text('path').replace(/[^\x20-\x7e]|;/g, '')
  const domain = keys.text('domain')
  const expires = expiryOf(keys)
  const maxAge = keys.integer('maxAge')
  let text = path === '' ? '' : `; Path=${path}`
  if (isDomain(domain)) text += `; Domain=${domain.replace(/^\./, '')}`
  else if (domain !== '') keys.faults.warn(keys.at('domain'), `'${domain}' is no domain: the cookie is sent without it`)
  if (expires !== undefined) text += `; Expires=${expires.toUTCString()}`
  if (maxAge !== 0) text += `; Max-Age=${Math.max(0, maxAge)}`
  if (keys.flag('httpOnly')) text += '; HttpOnly'
  if (keys.flag('secure')) text += '; Secure'
  return text
}

const isDomain = (text: string): boolean =>
  text.length <= 255 &&
  (/^\.?[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*$/.test(text) || /^[0-9a-fA-F:.]*::?[0-9a-fA-F:.]*$/.test(text))

/** RFC 3339, as Go reads it. */
function expiryOf(keys: OptionKeys): Date | undefined {
  if (keys.placed('expires') === undefined) return undefined
  const text = keys.text('expires')
  const date = new Date(text)
  const form = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.exec(text)
  // a day that its month does not have moves on to the next month
  const exists = form !== null && new Date(form[1]!).toJSON()?.startsWith(form[1]!)
  if (exists === true && !Number.isNaN(date.getTime())) return date.getUTCFullYear() >= 1601 ? date : undefined
  keys.faults.add(keys.at('expires'), `'${text}' is no date such as "2030-01-02T03:04:05Z"`)
  return undefined
}

export async function cookieFilter(keys: OptionKeys, place: Place): Promise<Edits> {
  const name = keys.text('name')
  const value = keys.text('value')
  const fits = (pair: string): boolean => {
    const at = pair.indexOf('=')
    if (at < 0 || pair.slice(0, at).trim() !== name) return false
    return value === '' || unquoted(pair.slice(at + 1).trim()) === value
  }
  const condition = {
    request: ({ headers }: GatewayRequest) => headers.getAll('cookie').some(field => field.split(';').some(fits)),
    response: ({ headers }: GatewayResponse) => headers.getAll('set-cookie').some(field => fits(field.split(';', 1)[0]!))
  }
  return either(condition, await place.innerOf(keys), await place.elseOf(keys))
}

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}
