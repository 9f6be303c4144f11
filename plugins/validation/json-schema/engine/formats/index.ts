/**
 * The formats of JSON Schema and the two that KrakenD adds, each by its RFC. No test goes back in the text, and each takes time that grows with the text
 * alone: formats look at what clients send.
 */

import { createRequire } from 'node:module'
import { isDate, isDateTime, isDuration, isPeriod, isTime } from './dates.js'
import { isHostname, isIpv4, isIpv6 } from './hosts.js'
import { isEmail } from './mail.js'
import { isIri, isIriReference, isUri, isUriReference } from './resource-identifiers.js'
import { isJsonPointer, isRegex, isRelativeJsonPointer, isSemver, isUuid } from './texts.js'
import { isUriTemplate } from './uri-template.js'

/** Tells whether a text has a format. */
export type Format = (text: string) => boolean

const ASCII_FORMATS: readonly (readonly [name: string, format: Format])[] = [
  ['date', isDate],
  ['time', isTime],
  ['date-time', isDateTime],
  ['duration', isDuration],
  ['ipv4', isIpv4],
  ['ipv6', isIpv6],
  ['email', isEmail],
  ['uri', isUri],
  ['uri-reference', isUriReference],
  ['iri', isIri],
  ['iri-reference', isIriReference],
  ['uri-template', isUriTemplate],
  ['uuid', isUuid],
  ['json-pointer', isJsonPointer],
  ['relative-json-pointer', isRelativeJsonPointer],
  ['regex', isRegex],
  // in no draft; KrakenD asserts them
  ['period', isPeriod],
  ['semver', isSemver]
]

/** Longest host name, in characters, that is looked at: no valid one is longer, however it is encoded. */
const MAX_HOSTNAME = 1024

/** UTS 46 §2.3: the dots of all scripts. */
const SEPARATOR_AT_END = /[.\u3002\uff0e\uff61]$/

/** Asserted formats by name, for a draft's version: what `hostname` means has changed. */
export type Formats = (name: string, version: number) => Format | undefined

const BY_NAME: ReadonlyMap<string, Format> = new Map(ASCII_FORMATS)

/** Returns the format of a name, undefined where there is none. The tables of international names are loaded when asked for. */
export const formatOf: Formats = (name, version) => {
  if (name === 'hostname' && version < 7) return isHostname
  if (name !== 'hostname' && name !== 'idn-hostname' && name !== 'idn-email') return BY_NAME.get(name)
  const isIdn = loadIdn()
  if (name === 'idn-hostname') return isIdn
  if (name === 'idn-email') return text => isEmail(text, isIdn)
  // From draft 7 on a label in the manner of xn-- must be one of RFC 5890.
  return text => isHostname(text) && (!/(?:^|\.)..--/.test(text) || isIdn(text))
}

function loadIdn(): Format {
  const { isIdnHostname } = createRequire(import.meta.url)('idn-hostname') as typeof import('idn-hostname')
  return text => {
    if (text.length > MAX_HOSTNAME || SEPARATOR_AT_END.test(text)) return false
    try {
      return isIdnHostname(text)
    } catch {
      return false
    }
  }
}
