import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRouter, type RouteResult, type Router, type RouterOptions } from '../../src/router/router.js'
import { ROUTER_OPTIONS } from './router-options.js'

function routerOf(lines: string[], options: Partial<RouterOptions> = {}): Router<string> {
  const routes = lines.map(line => {
    const [method = '', path = ''] = line.split(' ')
    return { method, path, value: line, reserved: path.startsWith('/__') }
  })
  return createRouter(routes, { ...ROUTER_OPTIONS, ...options })
}

/** One line per result, for tables. */
function show(result: RouteResult<string>): string {
  switch (result.kind) {
    case 'route':
      return [result.value, ...Object.keys(result.params).map(name => `${name}=${result.params[name]}`)].join(' ')
    case 'redirect':
      return `${result.status} ${result.path}`
    case 'method-not-allowed':
      return `405 ${result.allow}`
    case 'auto-options':
      return `options ${result.allow}`
    case 'bad-params':
      return `400 ${result.text}`
    default:
      return '404'
  }
}

function check(router: Router<string>, cases: Record<string, string>): void {
  for (const [line, expected] of Object.entries(cases)) {
    const [method = '', path = ''] = line.split(' ')
    assert.equal(show(router.lookup(method, path)), expected, line)
  }
}

test('matches as KrakenD does', () => {
  const router = routerOf([
    'GET /__health',
    'GET /r/plain',
    'GET /r/sp/{id}',
    'GET /r/sp/me',
    'GET /r/tp/{user}/posts/{post}',
    'GET /h/static',
    'GET /h/{id}/y',
    'GET /é/{id}',
    'GET /lit/{id}.x/{b}',
    'GET /anon/:any/x'
  ])
  check(router, {
    'GET /r/plain': 'GET /r/plain',
    'GET /r/sp/me': 'GET /r/sp/me',
    'GET /r/sp/mex': 'GET /r/sp/{id} id=mex',
    'GET /r/sp/m': 'GET /r/sp/{id} id=m',
    'GET /r/sp': '404',
    'GET /r/sp/a/b': '404',
    'GET /r/tp/u1/posts/p9': 'GET /r/tp/{user}/posts/{post} user=u1 post=p9',
    'GET /r/tp//posts/p9': 'GET /r/tp/{user}/posts/{post} user= post=p9',
    'GET /r/tp/u1/posts/': '404',
    'GET /h/static': 'GET /h/static',
    'GET /h/static/y': 'GET /h/{id}/y id=static',
    'GET /h/': '404',
    'GET /%C3%A9/a+b;c=@:d': 'GET /é/{id} id=a+b;c=@:d',
    'GET /lit/a.x/c': 'GET /lit/{id}.x/{b} id=a b=c',
    'GET /anon/z/x': 'GET /anon/:any/x any=z',
    'GET /': '404',
    'PROPFIND /r/plain': '405 GET',
    'GET *': '404'
  })
})

test('decodes once: an encoded slash is a slash, what stays encoded is refused', () => {
  const router = routerOf(['GET /e/{id}', 'GET /a/b'])
  check(router, {
    'GET /e/a%20b': 'GET /e/{id} id=a b',
    'GET /e/%E6%97%A5': 'GET /e/{id} id=日',
    'GET /e/a%2Fb': '404',
    'GET /a%2Fb': 'GET /a/b',
    'GET /e/a%3Fb': '400 error: encoded url params',
    'GET /e/a%23b': '400 error: encoded url params',
    'GET /e/a%252Fb': '400 error: encoded url params',
    'GET /e/a%25zz': '400 error: invalid URL escape "%zz"',
    'GET /e/a%25': '400 error: invalid URL escape "%"'
  })
  check(routerOf(['GET /e/{id}'], { disablePathDecoding: true }), {
    'GET /e/a%3Fb': 'GET /e/{id} id=a?b',
    'GET /e/a%252Fb': 'GET /e/{id} id=a%2Fb',
    'GET /e/a%25zz': 'GET /e/{id} id=a%zz'
  })
})

test('parameters of any length, any name and any bytes', () => {
  const router = routerOf(['GET /n/{a-b}/{__proto__}/{x}/{y}/{z-9}', 'GET /l/{id}', 'GET /c/{constructor}'])
  const found = router.lookup('GET', '/n/1/2/3/4/5')
  assert.equal(found.kind, 'route')
  const params = found.kind === 'route' ? found.params : {}
  assert.equal(Object.getPrototypeOf(params), null)
  assert.deepEqual(Object.entries(params), [
    ['a-b', '1'],
    ['__proto__', '2'],
    ['x', '3'],
    ['y', '4'],
    ['z-9', '5']
  ])
  const long = 'x'.repeat(60_000)
  assert.equal(show(router.lookup('GET', `/l/${long}`)), `GET /l/{id} id=${long}`)
  assert.equal(show(router.lookup('GET', '/c/v')), 'GET /c/{constructor} constructor=v')
  assert.equal(show(router.lookup('GET', '/l/%ff')), 'GET /l/{id} id=\udcff')
})

test('gives routes without parameters a shared, frozen result', () => {
  const router = routerOf(['GET /a'])
  const found = router.lookup('GET', '/a')
  assert.equal(found, router.lookup('GET', '/a'))
  assert.ok(Object.isFrozen(found))
})

test('redirects below a wildcard keep the slash before the rest', () => {
  const rest = routerOf(['GET /v1/{rest...}', 'GET /Users/{id}/{rest...}'])
  check(rest, {
    'GET /v1/./a': '301 /v1/a',
    'GET /v1/a/../b/c': '301 /v1/b/c',
    'GET /v1/.//evil.com': '301 /v1/evil.com',
    'GET /V1/A': '301 /v1/A',
    'GET /V1': '301 /v1/',
    'GET /users/7/./x': '301 /Users/7/x'
  })
  check(routerOf(['GET /{rest...}']), { 'GET /.//evil.com': '301 /evil.com', 'GET /x/..//evil.com': '301 /evil.com' })
  check(routerOf(['GET /v1/*']), { 'GET /v1/./a': '301 /v1/a' })
})

test('redirects within the routes of the method', () => {
  const router = routerOf([
    'GET /r/CaSe',
    'GET /r/dbl/x',
    'GET /More/{id}/Tail',
    'GET /dir/',
    'POST /r/tr',
    'DELETE /del',
    '* /__debug/*'
  ])
  check(router, {
    'GET /r/CaSe/': '301 /r/CaSe',
    'GET /r/case': '301 /r/CaSe',
    'GET /R/CASE/': '301 /r/CaSe',
    'GET /r//dbl/x': '301 /r/dbl/x',
    'GET //r/dbl/x': '301 /r/dbl/x',
    'GET /r/./dbl/x': '301 /r/dbl/x',
    'GET /r/dbl/../dbl/x': '301 /r/dbl/x',
    'GET /r/dbl/%2e%2e/x': '404',
    'GET /More/AbC/Tail/': '301 /More/AbC/Tail',
    'GET /more/AbC/tail': '301 /More/AbC/Tail',
    'GET /more/A%20%25/tail': '301 /More/A%20%25/Tail',
    'GET /dir': '301 /dir/',
    'POST /r/tr/': '307 /r/tr',
    'POST /R/tr': '307 /r/tr',
    'POST /del/': '404',
    'GET /__debug': '301 /__debug/',
    'PUT /__debug': '307 /__debug/',
    'PUT /__debug/a/b': '* /__debug/* param=/a/b',
    'GET /__debug/': '* /__debug/* param=/',
    'GET /%C4%B0': '404',
    'GET /r/p%C4%B0': '404'
  })
})

test('never redirects to another host', () => {
  const router = routerOf(['GET /{a}/{b}', 'GET /evil.test/'])
  for (const path of [
    '//evil.test',
    '///evil.test/x',
    '/%5Cevil.test/',
    '/%2F%2Fevil.test',
    '//evil.test/x/',
    '/.//evil.test/x'
  ]) {
    const result = router.lookup('GET', path)
    if (result.kind === 'redirect') assert.match(result.path, /^\/(?![/\\])/, path)
  }
})

test('no route ever sees a dot segment', () => {
  const router = routerOf(['GET /raw/{id}', 'GET /raw/{id}/x', 'POST /{a}/{b}'])
  for (const path of ['/raw/..', '/raw/%2e%2e', '/raw/.', '/raw/%2E', '/raw/../x', '/raw/%2e%2e%2fx', '/raw/../../raw/a/x']) {
    assert.notEqual(router.lookup('GET', path).kind, 'route', path)
    assert.notEqual(router.lookup('GET', path).kind, 'method-not-allowed', path)
  }
  for (const path of ['/raw/..;', '/raw/..;a=b/x', '/raw/%2e%2e;', '/raw/.;', '/RAW/..;', '/raw/..;/', '/raw//..;x'])
    assert.equal(show(router.lookup('GET', path)), '404', path)
  assert.equal(show(router.lookup('GET', '/raw/..%3B')), 'GET /raw/{id} id=..;', 'an encoded delimiter is data')
  assert.equal(show(router.lookup('GET', '/raw/...')), 'GET /raw/{id} id=...')
  assert.equal(show(router.lookup('GET', '/raw/.x')), 'GET /raw/{id} id=.x')
})

test('a control character in a parameter is 400, whatever is decoded', () => {
  for (const disablePathDecoding of [false, true]) {
    const router = routerOf(['GET /u/{id}', 'GET /literal'], { disablePathDecoding })
    for (const code of ['00', '01', '09', '0a', '0D', '1f', '7F'])
      assert.match(show(router.lookup('GET', `/u/a%${code}b`)), /^400 .*invalid control character/, code)
    assert.equal(show(router.lookup('GET', '/u/a%20b')), 'GET /u/{id} id=a b')
    assert.equal(show(router.lookup('GET', '/literal%00')), '404')
  }
})

test('redirects keep reserved characters as they came', () => {
  check(routerOf(['GET /u/{id}']), {
    'GET /u/a%3Bb;c/': '301 /u/a%3Bb;c',
    'GET /U/a%3Bb;c': '301 /u/a%3Bb;c',
    'GET /u//a%26b': '301 /u/a%26b'
  })
})

test('literals match decoded, whatever is reserved in them', () => {
  check(routerOf(['GET /a/x:y/{id}', 'GET /a/{any}/{id}']), {
    'GET /a/x%3Ay/1%3B': 'GET /a/x:y/{id} id=1;',
    'GET /a/x:y/1': 'GET /a/x:y/{id} id=1',
    'GET /a/x%3Bz/1': 'GET /a/{any}/{id} any=x;z id=1'
  })
})

test('every switch does what it says', () => {
  const lines = ['GET /x', 'POST /y', 'GET /p/{id}']
  check(
    routerOf(lines, { disableRedirectTrailingSlash: true, disableRedirectFixedPath: true, disableHandleMethodNotAllowed: true }),
    {
      'GET /x/': '404',
      'GET /X': '404',
      'GET //x': '404',
      'POST /x': '404',
      'GET /x': 'GET /x'
    }
  )
  check(routerOf(lines, { disableRedirectTrailingSlash: true }), { 'GET /x/': '301 /x' })
  check(routerOf(lines, { removeExtraSlash: true }), {
    'GET //x': 'GET /x',
    'GET /x//': '301 /x/',
    'GET /p//v': 'GET /p/{id} id=v',
    'GET /./x': 'GET /x'
  })
  check(routerOf(lines, { autoHead: true }), { 'HEAD /x': 'GET /x', 'POST /x': '405 GET, HEAD', 'HEAD /y': '405 POST' })
  check(routerOf(lines), { 'HEAD /x': '405 GET' })
})

test('lists the methods of a path in order of first appearance', () => {
  const router = routerOf(['GET /__health', 'POST /b', 'GET /m', 'POST /m', 'DELETE /m', 'PATCH /{any}'])
  check(router, { 'PUT /m': '405 GET, POST, DELETE, PATCH', 'PUT /b': '405 POST, PATCH', 'POST /__health': '405 GET, PATCH' })
})

test('answers OPTIONS for endpoints with auto_options', () => {
  const router = routerOf(['GET /__health', 'POST /x', 'GET /x', 'DELETE /p/{id}'], { autoOptions: true })
  check(router, {
    'OPTIONS /x': 'options GET, POST',
    'OPTIONS /p/1': 'options DELETE',
    'OPTIONS /nope': '404',
    'OPTIONS /__health': '405 GET',
    'PUT /x': '405 GET, POST, OPTIONS',
    'OPTIONS *': 'options GET, POST, DELETE, OPTIONS'
  })
})

test('lets parameters stand anywhere with disable_rest', () => {
  const router = routerOf(
    [
      'GET /v1.{ext}/x',
      'GET /files/{name}.json',
      'GET /files/all.json',
      'GET /r/{from}-{to}',
      'GET /t/pre{a.b}post/{c:d}',
      'GET /adj/{a}{b}'
    ],
    { disableRest: true }
  )
  check(router, {
    'GET /v1.json/x': 'GET /v1.{ext}/x ext=json',
    'GET /v1./x': 'GET /v1.{ext}/x ext=',
    'GET /files/a.b.json': 'GET /files/{name}.json name=a.b',
    'GET /files/all.json': 'GET /files/all.json',
    'GET /files/a': '404',
    'GET /r/1-2-3': 'GET /r/{from}-{to} from=1 to=2-3',
    'GET /t/prexpost/y': 'GET /t/pre{a.b}post/{c:d} a.b=x c:d=y',
    'GET /adj/xyz': 'GET /adj/{a}{b} a=x b=yz'
  })
})

test('braces that are no parameter are literal', () => {
  const router = routerOf(['GET /x/pre{id}', 'GET /y/{a!b}', 'GET /z/{}', 'GET /q%/{id}'])
  check(router, {
    'GET /x/pre%7Bid%7D': 'GET /x/pre{id}',
    'GET /x/preid': '404',
    'GET /y/%7Ba!b%7D': 'GET /y/{a!b}',
    'GET /z/%7B%7D': 'GET /z/{}',
    'GET /q%25/1': 'GET /q%/{id} id=1'
  })
})

test('matches in time that grows with the length of the path only', () => {
  const router = routerOf(['GET /m/{a}-{b}-{c}.{d}', 'GET /s/{name}.json'], { disableRest: true })
  assert.equal(show(router.lookup('GET', `/m/${'-'.repeat(60_000)}`)), '404')
  assert.equal(show(router.lookup('GET', `/s/${'.json'.repeat(12_000)}x`)), '404')
})

test('refuses two routes with one method and path', () => {
  assert.throws(() => routerOf(['GET /a', 'GET /a']), { code: 'SLUICE_ERR_CONFIG_INVALID' })
  assert.throws(() => routerOf(['GET /a/{x}', 'GET /a/{y}']), {
    code: 'SLUICE_ERR_CONFIG_INVALID',
    message: /GET \/a\/\{y\} conflicts/
  })
})

test('of routes that differ in case only each answers its own path', () => {
  const router = routerOf(['GET /Case', 'GET /case', 'GET /A/{x}', 'GET /a/{x}'])
  check(router, {
    'GET /Case': 'GET /Case',
    'GET /case': 'GET /case',
    'GET /CASE': '301 /Case',
    'GET /a/1': 'GET /a/{x} x=1',
    'GET /A/1/': '301 /A/1'
  })
})

test('finds one of many thousand routes', () => {
  const lines = Array.from({ length: 5000 }, (_, i) => (i % 2 ? `GET /s/${i}` : `GET /d/${i}/{id}`))
  const router = routerOf(lines)
  check(router, { 'GET /s/4999': 'GET /s/4999', 'GET /d/4998/x': 'GET /d/4998/{id} id=x', 'GET /S/4999': '301 /s/4999' })
})
