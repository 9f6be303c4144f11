/** The files of a new plugin. */

import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const KINDS = ['handler', 'client', 'modifier'] as const
export type ScaffoldKind = (typeof KINDS)[number]

export function isPluginKind(text: string): text is ScaffoldKind {
  return (KINDS as readonly string[]).includes(text)
}

/**
 * Writes a plugin, its test and a package file into a new folder of its name; returns the paths.
 * @throws Error EEXIST when the folder is there already
 */
export async function scaffoldPlugin(name: string, kind: ScaffoldKind, typescript: boolean): Promise<string[]> {
  const extension = typescript ? 'ts' : 'js'
  await mkdir(name)
  const files: readonly (readonly [name: string, text: string])[] = [
    [`${name}.${extension}`, kind === 'modifier' ? modifierSource(name, typescript) : handlerSource(name, kind, typescript)],
    [`${name}.test.${extension}`, testSource(name, kind)],
    ['package.json', packageSource(name, typescript)],
    ...(typescript ? [['tsconfig.json', jsonText(TSCONFIG)] as const] : []),
    ['README.md', readmeSource(name, kind, typescript)]
  ]
  const written: string[] = []
  for (const [file, text] of files) {
    const target = path.join(name, file)
    await writeFile(target, text, { flag: 'wx' })
    written.push(target)
  }
  return written
}

function handlerSource(name: string, kind: 'handler' | 'client', typescript: boolean): string {
  const [symbol, method] =
    kind === 'handler' ? ['HandlerRegisterer', 'registerHandlers'] : ['ClientRegisterer', 'registerClients']
  const type = kind === 'handler' ? 'HandlerPlugin' : 'ClientPlugin'
  const imports = typescript
    ? `import { type ${type}, type Logger, optionsOf } from 'sluice/plugin'`
    : `import { optionsOf } from 'sluice/plugin'`
  return `${imports}

export const apiVersion = 1

let logger${typescript ? ': Logger | undefined' : ''}

export const ${symbol}${typescript ? `: ${type}` : ''} = {
  registerLogger(given) {
    logger = given
  },

  ${method}(register) {
    register(
      '${name}',
      (context, extra, next) => {
        // boot: read options once, prepare what requests need
        const { header } = optionsOf${typescript ? '<{ header: string }>' : ''}(extra, '${name}')
        logger?.debug(\`[PLUGIN: \${context.name}] marks responses with \${header}\`)

        return async request => {
          const response = await next(request)
          response.headers.set(header, '${name}')
          return response
        }
      },
      { needs: 'head' }
    )
  }
}
`
}

function modifierSource(name: string, typescript: boolean): string {
  const imports = typescript
    ? `import { type ModifierPlugin, optionsOf } from 'sluice/plugin'`
    : `import { optionsOf } from 'sluice/plugin'`
  return `${imports}

export const apiVersion = 1

export const ModifierRegisterer${typescript ? ': ModifierPlugin' : ''} = {
  registerModifiers(register) {
    register(
      '${name}',
      (_context, extra) => {
        // boot: read options once, prepare what requests need
        const { header } = optionsOf${typescript ? '<{ header: string }>' : ''}(extra, '${name}')
        return {
          response(response) {
            response.headers.set(header, '${name}')
          }
        }
      },
      { request: false, response: true, needs: 'head' }
    )
  }
}
`
}

function testSource(name: string, kind: ScaffoldKind): string {
  const file = `./${name}.js`
  return `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testPlugin } from 'sluice/plugin/testing'
import * as plugin from '${file}'

test('marks responses', async () => {
  const tested = await testPlugin(plugin, { name: '${name}', kind: '${kind}', options: { header: 'x-${name}' }, upstream: { body: { ok: true } } })
  try {
    const answer = await tested.request({ path: '/' })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['x-${name}'], '${name}')
    assert.deepEqual(answer.json(), { ok: true })
  } finally {
    // breaks the exchange off at every stage, on both sides, and fails when something is left behind
    await tested.close()
  }
})
`
}

function packageSource(name: string, typescript: boolean): string {
  const node = Number.parseInt(process.versions.node, 10)
  return jsonText({
    name,
    version: '0.1.0',
    private: true,
    type: 'module',
    // what a gateway imports that names this package in "plugin": {"modules": […]}
    exports: `./${typescript ? 'dist/' : ''}${name}.js`,
    files: typescript ? ['dist', `!dist/${name}.test.*`] : [`${name}.js`],
    scripts: typescript
      ? { build: 'tsc', test: `tsc && node --enable-source-maps --test dist/${name}.test.js` }
      : { test: `node --test ${name}.test.js` },
    devDependencies: {
      sluice: runningPackage(name),
      ...(typescript ? { '@types/node': `^${node}.0.0`, typescript: '^7.0.2' } : {})
    }
  })
}

/** The package that runs, by its path: until it is published no registry has it. */
function runningPackage(folder: string): string {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  return `file:${path.relative(path.resolve(folder), root).replaceAll(path.sep, '/')}`
}

/** For Node's own modules, with maps that lead errors to the lines of the source. */
const TSCONFIG = {
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2023'],
    module: 'NodeNext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    sourceMap: true,
    rootDir: '.',
    outDir: 'dist'
  },
  include: ['*.ts']
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

function readmeSource(name: string, kind: ScaffoldKind, typescript: boolean): string {
  const folder = typescript ? 'dist/' : ''
  const namespace = { handler: 'plugin/http-server', client: 'plugin/http-client', modifier: 'plugin/req-resp-modifier' }[kind]
  return `# ${name}

Marks responses with a field.

\`\`\`json
"plugin": { "modules": ["./${name}"] }
\`\`\`

The path counts from the folder of the configuration; once it is installed (\`npm install ./${name}\`, or from a registry), its name does: \`["${name}"]\`.
As a file: \`"plugin": { "folder": "./${name}/${folder}", "pattern": "${name}.js" }\`.

\`\`\`json
"${namespace}": { "name": ["${name}"], "${name}": { "header": "x-${name}" } }
\`\`\`

\`npm test\` ${typescript ? 'compiles it, ' : ''}runs it in a real gateway and breaks exchanges off at every stage; \`npx sluice test-plugin ${folder}${name}.js\` loads it and says what it
registers. \`sluice\` in \`package.json\` is the package that wrote this folder; name a version once there is one in your registry, and take \`private\` out to publish it.
`
}
