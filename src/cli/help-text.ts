/** What `--help` prints, from the table of commands. */

import { COMMANDS, type Command } from './commands.js'
import { wrapText } from './wrap-text.js'

/** Columns of texts beside names, at least; where they have fewer they stand below. */
const LEAST_BESIDE = 30
const BELOW = '      '

/**
 * The help of one command, or of all.
 * @param width columns of the reader's terminal; undefined = lines are as long as they are
 */
export function helpText(command: Command | undefined, width = Number.POSITIVE_INFINITY): string {
  const prose = (text: string): string => wrapText(text, width)
  if (command === undefined) {
    const rows = COMMANDS.map(c => [c.name, c.alias === undefined ? c.text : `${c.text} (also: ${c.alias})`] as const)
    return `${prose('Sluice, an API gateway that runs KrakenD configurations')}\n\nUsage:\n  sluice <command> [flags]\n\nCommands:\n${table(rows, width)}
${prose('Use "sluice <command> --help" for more about a command. To begin: "sluice demo", then "sluice check -c FILE" and "sluice run -c FILE".')}\n`
  }
  const rows = Object.entries(command.flags).map(([name, flag]) => {
    const short = flag.short === undefined ? '    ' : `-${flag.short}, `
    return [`${short}--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`, flag.text] as const
  })
  const alias = command.alias === undefined ? '' : `\nAlso: sluice ${command.alias}\n`
  const operands = command.operands === undefined ? '' : ` [${command.operands}]`
  const flags = rows.length === 0 ? '' : `\nFlags:\n${table(rows, width)}`
  const usage = wrapText(`  sluice ${command.name}${operands}${rows.length === 0 ? '' : ' [flags]'}`, width, BELOW)
  return `${prose(command.text)}\n\nUsage:\n${usage}\n${alias}${flags}`
}

function table(rows: readonly (readonly [left: string, right: string])[], width: number): string {
  const names = Math.max(...rows.map(([left]) => left.length))
  const column = names + 4
  if (width - column < LEAST_BESIDE) {
    return rows.map(([left, right]) => `  ${left}\n${BELOW}${wrapText(right, width, BELOW, BELOW.length)}\n`).join('')
  }
  const hang = ' '.repeat(column)
  return rows.map(([left, right]) => `  ${left.padEnd(names)}  ${wrapText(right, width, hang, column)}\n`).join('')
}
