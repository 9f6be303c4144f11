/**
 * The work that chains are made of, by class: one small job per plugin, a plugin that does N of them, and the naive plugin that
 * decodes and encodes for itself. All are modifiers of an endpoint.
 */

/** @typedef {'none' | 'pass' | 'chain' | 'combined' | 'naive'} Variant */

/** What plugin number `i` of a class does, as functions that one plugin can also call N times. */
const jobs = {
  head: i => {
    const name = `X-Bench-${i}`
    return headers => headers.set(name, 'set by the gateway')
  },
  observer: i => ({ chunk: (sum, chunk) => (sum + chunk.length + chunk[(i * 97) % chunk.length]) | 0 }),
  // changes one letter into another; always a new chunk, as a stage must not write into what it was lent
  transform: i => {
    const from = 97 + (i % 26)
    const to = from - 32
    return chunk => {
      const out = Buffer.from(chunk)
      for (let at = out.indexOf(from); at >= 0; at = out.indexOf(from, at + 1)) out[at] = to
      return out
    }
  },
  json: i => {
    const key = `bench${i}`
    return value => {
      value[key] = i
      value.id = value.id + 1
    }
  },
  token: i => {
    const name = ['sku', 'quantity', 'price', 'note', 'gift', 'tax', 'tags', 'open'][i % 8]
    const renamed = `${name}${i}`
    return token => (token.name === 'keyValue' && token.value === name ? { name: 'keyValue', value: renamed } : token)
  }
}

export const CLASSES = Object.keys(jobs)
let seen = 0

/** The `response` of a modifier that does `list` of one class in the gateway's way. */
const sluiceWay = {
  head: list => response => {
    for (const job of list) job(response.headers)
  },
  observer: list => response => {
    let sum = 0
    response.body.tap({
      chunk: chunk => {
        for (const job of list) sum = job.chunk(sum, chunk)
      },
      end: () => {
        seen = sum
      }
    })
  },
  transform: list => response => {
    response.body.transform({
      chunk: chunk => {
        let now = chunk
        for (const job of list) now = job(now)
        return now
      }
    })
  },
  json: list => response =>
    response.body.editJson(value => {
      for (const job of list) job(value)
    }),
  token: list => response => {
    response.body.tokens({
      token: (token, push) => {
        let now = token
        for (const job of list) now = job(now)
        push(now)
      }
    })
  }
}

/** The same for one job, as the author of a small plugin writes it: without a list to go through. */
const oneJob = {
  head: job => response => job(response.headers),
  observer: job => response => {
    let sum = 0
    response.body.tap({
      chunk: chunk => {
        sum = job.chunk(sum, chunk)
      },
      end: () => {
        seen = sum
      }
    })
  },
  transform: job => response => {
    response.body.transform({ chunk: job })
  },
  json: job => response => response.body.editJson(job),
  token: job => response => {
    response.body.tokens({ token: (token, push) => push(job(token)) })
  }
}

/** Each plugin takes the whole body, decodes and encodes for itself. */
const naiveWay = {
  head: sluiceWay.head,
  observer: list => async response => {
    const bytes = await response.body.buffer()
    let sum = 0
    for (const job of list) sum = job.chunk(sum, bytes)
    seen = sum
    response.body.set(bytes)
  },
  transform: list => async response => {
    let bytes = await response.body.buffer()
    for (const job of list) bytes = job(bytes)
    response.body.set(bytes)
  },
  json: list => async response => {
    const value = JSON.parse(await response.body.text())
    for (const job of list) job(value)
    response.body.set(JSON.stringify(value))
  },
  // the same renaming on a decoded value
  token: (_list, first) => async response => {
    const job = jobs.token(first)
    const rename = value => {
      if (Array.isArray(value)) return value.map(rename)
      if (value === null || typeof value !== 'object') return value
      const out = {}
      for (const key of Object.keys(value)) out[job({ name: 'keyValue', value: key }).value] = rename(value[key])
      return out
    }
    response.body.set(JSON.stringify(rename(JSON.parse(await response.body.text()))))
  }
}

/** Returns the `response` functions of the plugins of one variant, in order. */
export function responsesOf(kind, variant, count) {
  const make = jobs[kind]
  const numbers = Array.from({ length: count }, (_, i) => i)
  if (variant === 'none') return []
  if (variant === 'pass') return numbers.map(() => () => {})
  if (variant === 'combined') return [sluiceWay[kind](numbers.map(i => make(i)))]
  if (variant === 'naive') return numbers.map(i => naiveWay[kind]([make(i)], i))
  return numbers.map(i => oneJob[kind](make(i)))
}

/** Where plugins of each kind are named. */
const PLACES = { modifiers: 'plugin/req-resp-modifier', handlers: 'plugin/http-server', clients: 'plugin/http-client' }

/** Plugins that only pass on, by kind. */
export const PASSING = Object.keys(PLACES)

const passOn = (_context, _extra, next) => request => next(request)
const passing = {
  modifiers: register => ({ ModifierRegisterer: { registerModifiers: register } }),
  handlers: register => ({ HandlerRegisterer: { registerHandlers: register } }),
  clients: register => ({ ClientRegisterer: { registerClients: register } })
}

const namesOf = count => Array.from({ length: count }, (_, i) => `bench-${i}`)

/**
 * The plugins of one variant as a module, with the names to configure and the namespace for them.
 * @param {string} kind a class, or `pass`, whose variants are those of {@link PASSING}
 */
export function moduleOf(kind, variant, count) {
  if (kind === 'pass') {
    const names = variant === 'none' ? [] : namesOf(count)
    const make = variant === 'modifiers' ? () => ({ request() {}, response() {} }) : passOn
    const registerAll = register => {
      for (const name of names) register(name, make)
    }
    return { names, place: PLACES[variant], module: passing[variant]?.(registerAll) }
  }
  const responses = responsesOf(kind, variant, count)
  const names = namesOf(responses.length)
  return {
    names,
    place: PLACES.modifiers,
    module: {
      ModifierRegisterer: {
        registerModifiers(register) {
          for (const [i, response] of responses.entries())
            register(names[i], () => ({ response }), { request: false, response: true })
        }
      }
    }
  }
}

/** Keeps the observers' work from being optimised away. */
export const result = () => seen
