import { posix } from 'node:path'
import { GoFault } from '../go-fault.js'
import { declare, type FunctionTable } from '../go-function.js'
import { kindOf, type Value } from '../value.js'

/** As path.Clean: the shortest name of the same file. */
function clean(path: string): string {
  if (path === '') return '.'
  const normal = posix.normalize(path)
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal
}

const base = (path: string): string =>
  path === '' ? '.' : /^\/+$/.test(path) ? '/' : path.replace(/\/+$/, '').split('/').at(-1)!
const dir = (path: string): string => clean(path.slice(0, path.lastIndexOf('/') + 1))
const ext = (path: string): string => /\.[^./]*$/.exec(path)?.[0] ?? ''
const isAbsolute = (path: string): boolean => path.startsWith('/')

const URL_PARTS = /^(?:([A-Za-z][A-Za-z\d+.-]*):)?([^?#]*)(?:\?([^#]*))?(?:#([\s\S]*))?$/

function urlParse(text: string): Map<string, Value> {
  const fault = (reason: string): GoFault => new GoFault(`unable to parse url: parse ${JSON.stringify(text)}: ${reason}`)
  if (/[\u0000-\u001f\u007f]/.test(text)) throw fault('net/url: invalid control character in URL')
  const found = URL_PARTS.exec(text)
  if (found === null || /^:/.test(text)) throw fault('missing protocol scheme')
  const [, scheme = '', middle = '', query = '', fragment = ''] = found
  if (scheme === '' && /^[^/]*:/.test(middle)) throw fault('first path segment in URL cannot contain colon')
  const isOpaque = scheme !== '' && !middle.startsWith('/') && middle !== ''
  const authority = !isOpaque && middle.startsWith('//') ? middle.slice(2).split('/', 1)[0]! : ''
  const path = isOpaque ? '' : middle.startsWith('//') ? middle.slice(2 + authority.length) : middle
  const at = authority.lastIndexOf('@')
  const host = authority.slice(at + 1)
  return new Map<string, Value>([
    ['scheme', scheme.toLowerCase()],
    ['host', host],
    ['hostname', hostname(host)],
    ['path', decoded(path, fault)],
    ['query', query],
    ['opaque', isOpaque ? middle : ''],
    ['fragment', decoded(fragment, fault)],
    ['userinfo', at === -1 ? '' : authority.slice(0, at)]
  ])
}

const hostname = (host: string): string => host.replace(/:\d*$/, '').replace(/^\[|\]$/g, '')

function decoded(text: string, fault: (reason: string) => GoFault): string {
  const broken = /%(?![\da-fA-F]{2}).{0,2}/.exec(text)
  if (broken !== null) throw fault(`invalid URL escape ${JSON.stringify(broken[0])}`)
  const bytes = Buffer.from(
    text
      .replace(/[^\u0000-\u007f]+/gu, encodeURIComponent)
      .replace(/%([\da-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1'
  )
  return bytes.toString()
}

function urlJoin(parts: Map<string, Value>): string {
  const part = (name: string): string => {
    const value = parts.has(name) ? parts.get(name)! : ''
    if (typeof value === 'string') return value
    throw new GoFault(`unable to parse ${name} key, must be of type string, but ${kindOf(value)} found`)
  }
  const scheme = part('scheme')
  const host = part('host')
  const user = part('userinfo')
  const opaque = part('opaque')
  const path = encodeURI(part('path')).replace(/[?#]/g, encodeURIComponent)
  const authority = scheme !== '' || host !== '' || user !== '' ? authorityOf(host, user, path) : ''
  const slash = path !== '' && !path.startsWith('/') && host !== '' ? '/' : ''
  const query = part('query')
  const fragment = part('fragment')
  return [
    scheme === '' ? '' : `${scheme}:`,
    opaque !== '' ? opaque : authority + slash + path,
    query === '' ? '' : `?${query}`,
    fragment === '' ? '' : `#${encodeURI(fragment)}`
  ].join('')
}

const authorityOf = (host: string, user: string, path: string): string =>
  host === '' && user === '' && !path.startsWith('/') && path !== ''
    ? ''
    : host === '' && user === '' && path === ''
      ? ''
      : `//${user === '' ? '' : `${user}@`}${host}`

export const PATHS: FunctionTable = {
  base: declare('string', base),
  clean: declare('string', clean),
  dir: declare('string', dir),
  ext: declare('string', ext),
  isAbs: declare('string', isAbsolute),
  osBase: declare('string', base),
  osClean: declare('string', clean),
  osDir: declare('string', dir),
  osExt: declare('string', ext),
  osIsAbs: declare('string', isAbsolute),
  urlJoin: declare('map', urlJoin),
  urlParse: declare('string', urlParse)
}
