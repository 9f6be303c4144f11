/** Finds the file of a plugin that a configuration names as a package: by its name, or by the path of its folder or file. */

import { readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { messageOf } from '../../errors.js'
import { resolveFrom } from './resolve.js'

/** What was found, or why nothing was, and what to do. */
export type FoundPackage = { readonly file: string } | { readonly fault: string; readonly suggestion: string }

/** Says of a name whether it is a path: packages are named otherwise. */
export const isPath = (name: string): boolean => /^\.{0,2}[/\\]|^\.{1,2}$/.test(name) || path.isAbsolute(name)

/**
 * Finds the file that a package begins with, as `import` from `folder` would: its `exports`, else its `main`.
 * @param folder that of the configuration
 */
export async function findPackage(name: string, folder: string): Promise<FoundPackage> {
  return isPath(name) ? findPath(name, folder) : findNamed(name, folder, name)
}

async function findPath(name: string, folder: string): Promise<FoundPackage> {
  const full = path.resolve(folder, name)
  let isFolder: boolean
  try {
    isFolder = (await stat(full)).isDirectory()
  } catch {
    return {
      fault: `there is no ${full}`,
      suggestion: 'a path is that of a package or a file, from the folder of the configuration'
    }
  }
  if (!isFolder) return { file: full }
  const about = await packageIn(full)
  // a package finds itself by its own name where it has a map of exports
  if (about?.exports !== undefined && typeof about.name === 'string') return findNamed(about.name, full, name)
  try {
    return { file: createRequire(path.join(full, 'package.json')).resolve(full) }
  } catch (error) {
    return {
      fault: firstLine(error),
      suggestion: `name its file in ${path.join(full, 'package.json')}: "exports": "./plugin.js"`
    }
  }
}

async function packageIn(folder: string): Promise<{ readonly name?: unknown; readonly exports?: unknown } | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** `asked` is what the configuration says. */
function findNamed(name: string, folder: string, asked: string): FoundPackage {
  const parent = path.join(folder, 'krakend.json') // any file of the folder: it is not read
  try {
    const url = resolveFrom(pathToFileURL(parent).href, name)
    if (url.startsWith('file:')) return { file: fileURLToPath(url) }
    return { fault: `${asked} is no file: ${url}`, suggestion: 'name a package that is a plugin' }
  } catch (error) {
    const code = (error as { code?: unknown }).code
    if (code === 'ERR_MODULE_NOT_FOUND') {
      const suggestion = `install it where the configuration is: \`npm install ${asked}\` in ${folder}`
      return { fault: `there is no package ${asked} in ${folder} or above`, suggestion }
    }
    // a package for `require` alone
    if (code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') {
      try {
        return { file: createRequire(parent).resolve(name) }
      } catch {
        // the first failure says more
      }
    }
    return { fault: firstLine(error), suggestion: 'its package.json leads to a plugin by "exports" or "main"' }
  }
}

const firstLine = (error: unknown): string => messageOf(error).split('\n')[0]!
