/** What importing the public modules loads: the test kit only when it is asked for. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { LIMIT_MS } from '../support/waiting.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Says which of the package's files a fresh process has loaded when `script` has run. */
function loadedBy(script: string, how: readonly string[]): string[] {
  const watched = `
    import { Session } from 'node:inspector'
    const session = new Session()
    session.connect()
    const urls = []
    session.on('Debugger.scriptParsed', ({ params }) => urls.push(params.url))
    session.post('Debugger.enable')
    ${script}
    process.stdout.write(JSON.stringify(urls))`
  const text = execFileSync(process.execPath, [...how, '--input-type=module', '-e', watched], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: LIMIT_MS
  })
  return (JSON.parse(text) as string[])
    .filter(url => url.startsWith('file:') && !url.includes('/node_modules/'))
    .map(url => fileURLToPath(url).slice(ROOT.length))
}

const kitIn = (files: readonly string[]): string[] => files.filter(file => file.includes('plugin/testing/'))

for (const [where, how] of [
  ['sources', ['--conditions=sluice-source', '--import', 'tsx']],
  ['dist', []]
] as const) {
  describe(`from ${where}`, () => {
    for (const name of ['sluice/plugin', 'sluice']) {
      test(`${name} loads no test kit`, () => {
        const files = loadedBy(`await import('${name}')`, how)
        assert.ok(files.length > 10, `the gateway's own files are seen: ${files.join()}`)
        assert.deepEqual(kitIn(files), [])
      })
    }

    test('sluice/plugin/testing is the test kit', () => {
      const files = loadedBy(`if (typeof (await import('sluice/plugin/testing')).testPlugin !== 'function') throw 0`, how)
      assert.ok(kitIn(files).length > 3, kitIn(files).join())
    })

    test('the old name of the kit, in sluice/plugin, loads it when it is called', () => {
      const call = `const { testPlugin } = await import('sluice/plugin')
        const plugin = { registerHandlers: register => register('on', (context, extra, next) => next) }
        const tested = await testPlugin({ HandlerRegisterer: plugin }, { aborts: false, upstream: { body: 'whole' } })
        if ((await tested.request()).text() !== 'whole') throw new Error('another answer')
        await tested.close()`
      assert.ok(kitIn(loadedBy(call, how)).length > 3)
    })
  })
}
