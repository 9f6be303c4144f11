/** Hosts of backends: KrakenD's cleaning, and the checks that it leaves to the first request. */

const HOST = /(https?:\/\/)?([a-zA-Z0-9._-]+)(:[0-9]{2,6})?\/?/g

/** Texts whose outcome is remembered: endpoints by the thousand name a few hosts. */
const MOST_REMEMBERED = 256

/** Remembers what a pure function has made of the texts before. */
function remembered<T>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return text => {
    if (known.has(text)) return known.get(text) as T
    const outcome = read(text)
    if (known.size >= MOST_REMEMBERED) known.clear()
    known.set(text, outcome)
    return outcome
  }
}

/** What became of one configured host. */
export interface CleanHost {
  /** `http://name:port`. */
  readonly host: string
  /** True when characters around the match were dropped. */
  readonly cut: boolean
}

/** Cleans a host as KrakenD does; undefined when it is not valid (`host … not valid: invalid host`). */
export const cleanHost: (text: string) => CleanHost | undefined = remembered(text => {
  const matches = [...text.matchAll(HOST)]
  const match = matches[0]
  if (match === undefined || matches.length !== 1) return undefined
  return { host: `${match[1] ?? 'http://'}${match[2]}${match[3] ?? ''}`, cut: match[0].length !== text.length }
})

const MAY_BE_FILLED = /[${<%]/
const PLACEHOLDER = /\$?\{\{?[^{}]*\}?\}?|\$\(?\w+\)?|<[^<>]*>|%\w+%/

/** Finds what a template or an environment variable was to fill in: `${NAME}`, `{{ .name }}`, `<name>`, `%NAME%`. */
export function placeholderIn(text: string): string | undefined {
  return MAY_BE_FILLED.test(text) ? PLACEHOLDER.exec(text)?.[0] : undefined
}

/** True for a URL of another protocol than HTTP. */
export function hasOtherScheme(text: string): boolean {
  return /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\//.test(text) && !/^https?:\/\//i.test(text)
}

/** Returns why no request can be sent to a host, undefined when one can. Texts are those of KrakenD's failing requests. */
export const hostFault: (host: string) => string | undefined = remembered(host => {
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\//.exec(host)?.[1]?.toLowerCase()
  if (scheme === undefined) {
    return host.split('/')[0]!.includes(':')
      ? `parse "${host}": first path segment in URL cannot contain colon`
      : `unsupported protocol scheme "" in host "${host}"`
  }
  if (scheme !== 'http' && scheme !== 'https') return `unsupported protocol scheme "${scheme}"`
  if (URL.canParse(host)) return undefined
  const port = /:([0-9]+)\/?$/.exec(host)?.[1]
  return port === undefined ? `parse "${host}": invalid URL` : `dial tcp: address ${port}: invalid port`
})
