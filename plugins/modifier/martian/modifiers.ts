/** The modifiers that KrakenD registers: their names, keys and scopes, and what compiles them. */

import { flag } from '../../_shared/option-types.js'
import { bodyModifier, statusModifier } from './body-edits.js'
import { cookieFilter, cookieModifier } from './cookie-edits.js'
import { type Edits, NO_EDITS } from './edits.js'
import { fifoGroup, priorityGroup } from './groups.js'
import {
  headerAppend,
  headerBlacklist,
  headerCopy,
  headerFilter,
  headerId,
  headerModifier,
  headerRegexFilter,
  stashModifier
} from './header-edits.js'
import type { OptionKeys } from './option-keys.js'
import type { Place, Scope } from './place.js'
import { staticModifier } from './static-files.js'
import { portFilter, portModifier, queryFilter, queryModifier, urlFilter, urlModifier, urlRegexFilter } from './url-edits.js'

/** Schemas of keys, by their names. */
type Keys = Readonly<Record<string, object>>

export interface ModifierKind {
  /** For the schema. */
  readonly about: string
  /** Where it can run. */
  readonly scope: Scope
  /** Without `scope`. */
  readonly keys: Keys
  /** It holds other modifiers, and does nothing itself. */
  readonly holds?: boolean
  /** It looks at header fields alone, unless it calls `Place.needsMessages`. */
  readonly fieldsOnly?: boolean
  compile(keys: OptionKeys, place: Place, scope: Scope): Edits | Promise<Edits>
}

const BOTH: Scope = { request: true, response: true }
const REQUEST: Scope = { request: true, response: false }
const RESPONSE: Scope = { request: false, response: true }

const text = (description: string): object => ({ type: 'string', description })
const integer = (description: string): object => ({ type: 'integer', description })
const MODIFIER = { $ref: '#/$defs/modifier' }

const FIELD: Keys = { name: text('The name of the field'), value: text('Its value') }
const URL_PARTS: Keys = {
  scheme: text('http or https'),
  host: text('Host, and port where it is not that of the scheme'),
  path: text('The path, decoded'),
  query: text('The query, as it is written')
}
const THEN: Keys = { modifier: { ...MODIFIER, description: 'Runs where the filter matches' } }
const THEN_ELSE: Keys = { ...THEN, else: { ...MODIFIER, description: 'Runs where the filter does not match' } }

export const MODIFIERS: ReadonlyMap<string, ModifierKind> = new Map<string, ModifierKind>([
  ['header.Modifier', { about: 'Sets a field', scope: BOTH, keys: FIELD, fieldsOnly: true, compile: headerModifier }],
  ['header.Append', { about: 'Adds a field', scope: BOTH, keys: FIELD, fieldsOnly: true, compile: headerAppend }],
  [
    'header.Blacklist',
    {
      about: 'Removes fields',
      scope: BOTH,
      keys: { names: { type: 'array', items: { type: 'string' }, description: 'The names of the fields' } },
      fieldsOnly: true,
      compile: headerBlacklist
    }
  ],
  [
    'header.Copy',
    {
      about: 'Copies the first value of a field',
      scope: BOTH,
      keys: { from: text('The field to read'), to: text('The field to set; empty where the other is absent') },
      fieldsOnly: true,
      compile: headerCopy
    }
  ],
  [
    'header.Id',
    {
      about: 'Gives a request an identifier unless it has one',
      scope: REQUEST,
      keys: { header: { ...text('The field that holds it'), default: 'X-Krakend-Id' } },
      fieldsOnly: true,
      compile: headerId
    }
  ],
  [
    'body.Modifier',
    {
      about: 'Replaces the body',
      scope: BOTH,
      keys: { contentType: text('The media type of the new body'), body: text('The new body, in base64') },
      compile: bodyModifier
    }
  ],
  [
    'cookie.Modifier',
    {
      about: 'Adds a cookie',
      scope: BOTH,
      keys: {
        name: text('The name of the cookie'),
        value: text('Its value'),
        path: text('The path that it is for; responses only'),
        domain: text('The domain that it is for; responses only'),
        expires: text('When it ends, such as 2030-01-02T03:04:05Z; responses only'),
        secure: flag('Goes over encrypted connections only; responses only'),
        httpOnly: flag('Scripts of a page do not see it; responses only'),
        maxAge: integer('Seconds that it lives; below 0 it ends at once; responses only')
      },
      compile: cookieModifier
    }
  ],
  [
    'querystring.Modifier',
    {
      about: 'Sets a parameter of the query, which is sorted and encoded anew',
      scope: REQUEST,
      keys: { name: text('The name of the parameter'), value: text('Its value') },
      compile: queryModifier
    }
  ],
  ['url.Modifier', { about: 'Replaces parts of the URL', scope: REQUEST, keys: URL_PARTS, compile: urlModifier }],
  [
    'port.Modifier',
    {
      about: 'Changes the port of the call; one of the keys is needed',
      scope: REQUEST,
      keys: {
        port: integer('The new port'),
        defaultForScheme: flag('Takes the port of the scheme'),
        remove: flag('Removes the port')
      },
      compile: portModifier
    }
  ],
  [
    'stash.Modifier',
    {
      about: 'Keeps the URL, as it is at this point, in a field',
      scope: BOTH,
      keys: { headerName: text('The field that holds it') },
      compile: stashModifier
    }
  ],
  [
    'status.Modifier',
    {
      about: 'Changes the status that the gateway goes on with',
      scope: RESPONSE,
      keys: { statusCode: integer('200 to 599') },
      compile: statusModifier
    }
  ],
  [
    'static.Modifier',
    {
      about: 'Responds with files in place of the call',
      scope: BOTH,
      keys: {
        rootPath: text('The folder of the files'),
        explicitPaths: {
          type: 'object',
          additionalProperties: { type: 'string' },
          description: 'Paths of calls, and the files below the folder that stand for them'
        }
      },
      compile: staticModifier
    }
  ],
  [
    'fifo.Group',
    {
      about: 'Runs modifiers in their order',
      scope: BOTH,
      keys: {
        modifiers: { type: 'array', items: MODIFIER, description: 'The modifiers' },
        aggregateErrors: flag('Runs all, and fails with the errors of all; else the first error ends it')
      },
      holds: true,
      fieldsOnly: true,
      compile: fifoGroup
    }
  ],
  [
    'priority.Group',
    {
      about: 'Runs modifiers by their priority, the highest first; of equal ones the last listed first',
      scope: BOTH,
      keys: {
        modifiers: {
          type: 'array',
          description: 'The modifiers',
          items: {
            type: 'object',
            properties: { priority: { type: 'integer', default: 0, description: 'Higher ones run earlier' }, modifier: MODIFIER }
          }
        }
      },
      holds: true,
      fieldsOnly: true,
      compile: priorityGroup
    }
  ],
  ['header.Filter', { ...filter('a value of a field', { ...FIELD, ...THEN_ELSE }, headerFilter), fieldsOnly: true }],
  [
    'header.RegexFilter',
    filter(
      "the first value of a request's field by a regular expression (RE2)",
      { header: text('The name of the field'), regex: text('The expression'), ...THEN },
      headerRegexFilter
    )
  ],
  [
    'cookie.Filter',
    filter(
      'a cookie',
      { name: text('The name of the cookie'), value: text('Its value; empty = any'), ...THEN_ELSE },
      cookieFilter
    )
  ],
  [
    'querystring.Filter',
    filter(
      'a parameter of the query',
      { name: text('The name of the parameter'), value: text('One of its values; empty = any'), ...THEN_ELSE },
      queryFilter
    )
  ],
  ['url.Filter', filter('the parts of the URL that are given', { ...URL_PARTS, ...THEN_ELSE }, urlFilter)],
  [
    'url.RegexFilter',
    filter('the URL by a regular expression (RE2)', { regex: text('The expression'), ...THEN_ELSE }, urlRegexFilter)
  ],
  ['port.Filter', filter('the port of the call', { port: integer('The port'), ...THEN }, portFilter)],
  ['header.Verifier', verifier(BOTH, FIELD)],
  ['url.Verifier', verifier(REQUEST, URL_PARTS)],
  ['querystring.Verifier', { ...verifier(REQUEST, FIELD), compile: queryVerifier }],
  ['status.Verifier', verifier(RESPONSE, { statusCode: integer('A status') })]
])

function filter(what: string, keys: Keys, compile: ModifierKind['compile']): ModifierKind {
  return { about: `Tests ${what}`, scope: BOTH, keys, holds: true, compile }
}

/** Verifiers belong to tests of Martian's proxy; in KrakenD they are read and do nothing. */
function verifier(scope: Scope, keys: Keys): ModifierKind {
  return {
    about: 'Does nothing, as in KrakenD',
    scope,
    keys,
    fieldsOnly: true,
    compile(options) {
      for (const key of Object.keys(keys)) {
        if (key === 'statusCode') options.integer(key)
        else options.text(key)
      }
      return NO_EDITS
    }
  }
}

function queryVerifier(keys: OptionKeys): Edits {
  keys.text('value')
  if (keys.text('name') === '') keys.faults.add(keys.at('name'), 'the name of a parameter is needed')
  return NO_EDITS
}
