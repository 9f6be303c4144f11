/**
 * Carries out the steps of a Dockerfile in an empty folder, where no container runtime is at hand: each stage is a folder, COPY copies, RUN
 * runs with the commands of this machine. Absolute paths of WORKDIR and COPY lie below the folder of their stage.
 *
 * usage: node scripts/image-steps.mjs DOCKERFILE CONTEXT FOLDER    prints the last stage as JSON: root, folder, user, command
 */

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'

/** @typedef {{ name: string, root: string, workdir: string, env: Record<string, string>, user: string, entrypoint: string[], cmd: string[] }} Stage */

/**
 * @param {string} dockerfile @param {string} context folder of the build @param {string} folder empty
 * @returns {Stage} the last stage
 */
export function runSteps(dockerfile, context, folder) {
  /** @type {Stage[]} */
  const stages = []
  const ignored = readIgnored(`${dockerfile}.dockerignore`)
  for (const { name, rest } of instructions(readFileSync(dockerfile, 'utf8'))) {
    const stage = stages.at(-1)
    if (name === 'FROM') stages.push(newStage(rest, folder, stages.length))
    else if (stage === undefined) continue
    else step(stage, name, rest, { stages, context, ignored })
  }
  const last = stages.at(-1)
  if (last === undefined) throw new Error(`${dockerfile} has no stage`)
  return last
}

function newStage(rest, folder, index) {
  const name = /\sAS\s+(\S+)/i.exec(rest)?.[1] ?? `stage-${index}`
  const root = join(folder, name)
  mkdirSync(root, { recursive: true })
  return { name, root, workdir: '/', env: {}, user: '', entrypoint: [], cmd: [] }
}

/** Instructions with their arguments; continued lines are one, comments and blank lines are none. */
function instructions(text) {
  const lines = text.replace(/^\s*#.*$/gm, '').replace(/\\\n/g, ' ')
  return lines
    .split('\n')
    .map(line => /^([A-Z]+)\s+(.*)$/.exec(line.trim()))
    .filter(found => found !== null)
    .map(([, name, rest]) => ({ name, rest: rest.trim() }))
}

function step(stage, name, rest, { stages, context, ignored }) {
  switch (name) {
    case 'WORKDIR':
      stage.workdir = rest
      mkdirSync(join(stage.root, rest), { recursive: true })
      return
    case 'ENV':
    case 'ARG': {
      const [key, ...value] = rest.split('=')
      stage.env[key] = value.join('=').replace(/^"(.*)"$/, '$1')
      return
    }
    case 'COPY': {
      const from = /^--from=(\S+)\s+/.exec(rest)
      const source = from === null ? context : stages.find(one => one.name === from[1]).root
      copy(stage, rest.slice(from?.[0].length ?? 0).split(/\s+/), source, from === null ? ignored : [])
      return
    }
    case 'RUN': {
      const env = { ...process.env, ...stage.env }
      execFileSync('sh', ['-c', rest], { cwd: join(stage.root, stage.workdir), env, stdio: ['ignore', 'ignore', 'pipe'] })
      return
    }
    case 'USER':
      stage.user = rest
      return
    case 'ENTRYPOINT':
    case 'CMD':
      stage[name.toLowerCase()] = JSON.parse(rest)
      return
    // what only a runtime of containers reads
    case 'EXPOSE':
    case 'STOPSIGNAL':
    case 'HEALTHCHECK':
      return
    default:
      throw new Error(`image-steps does not know ${name}`)
  }
}

function copy(stage, parts, source, ignored) {
  const to = parts.at(-1)
  const target = to.startsWith('/') ? join(stage.root, to) : join(stage.root, stage.workdir, to)
  for (const from of parts.slice(0, -1)) {
    const path = join(source, from)
    const isFolder = statSync(path).isDirectory()
    const place = isFolder ? target : to.endsWith('/') ? join(target, basename(from)) : target
    mkdirSync(isFolder ? place : join(place, '..'), { recursive: true })
    cpSync(path, place, {
      recursive: true,
      verbatimSymlinks: true,
      filter: file => !ignored.some(pattern => pattern.test(relative(source, file)))
    })
  }
}

/** The patterns of a `.dockerignore` as this repository uses them: names at the top, any folder by two stars, `*` within a name. */
function readIgnored(file) {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => {
      const any = line.startsWith('**/')
      const name = (any ? line.slice(3) : line).replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '[^/]*')
      return new RegExp(any ? `(?:^|/)${name}$` : `^${name}$`)
    })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [dockerfile, context, folder] = process.argv.slice(2)
  console.log(JSON.stringify(runSteps(dockerfile, context, folder), null, 2))
}
