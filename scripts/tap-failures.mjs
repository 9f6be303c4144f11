// The runner's TAP, with the failed tests named once more before its summary: the log of a CI often keeps the end alone.
import path from 'node:path'
import { tap } from 'node:test/reporters'

export default async function* tapWithFailures(events) {
  const failed = []
  for await (const text of tap(kept(events, failed))) {
    // The plan stands before the summary: `1..` and the number of tests, at the start of a line.
    if (/^1\.\.\d+\n/.test(text)) for (const each of failed) yield `# failed: ${each}\n`
    yield text
  }
}

async function* kept(events, failed) {
  for await (const event of events) {
    if (event.type === 'test:fail' && !isParent(event.data)) failed.push(lineOf(event.data))
    yield event
  }
}

/** A suite fails with its tests, which say why. */
const isParent = ({ details }) => details.error?.failureType === 'subtestsFailed'

function lineOf({ name, file, line, details }) {
  const cause = details.error?.cause ?? details.error
  const [why] = String(cause?.message ?? cause).split('\n')
  return `${name} (${file === undefined ? 'unknown file' : path.relative('.', file)}:${line ?? 0}): ${why}`
}
