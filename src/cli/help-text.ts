/** What `--help` prints, from the table of commands. */

import { COMMANDS, type Command } from './arguments.js'

/** The help of one command, or of all. */
export function helpText(command: Command | undefined): string {
  if (command === undefined) {
    const rows = COMMANDS.map(c => [c.name, c.alias === undefined ? c.text : `${c.text} (also: ${c.alias})`] as const)
    return `Sluice, an API gateway that runs KrakenD configurations\n\nUsage:\n  sluice <command> [flags]\n\nCommands:\n${table(rows)}
Use "sluice <command> --help" for more about a command. To begin: "sluice demo", then "sluice check -c FILE" and "sluice run -c FILE".\n`
  }
  const rows = Object.entries(command.flags).map(([name, flag]) => {
    const short = flag.short === undefined ? '    ' : `-${flag.short}, `
    return [`${short}--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`, flag.text] as const
  })
  const alias = command.alias === undefined ? '' : `\nAlso: sluice ${command.alias}\n`
  const operands = command.operands === undefined ? '' : ` [${command.operands}]`
  const flags = rows.length === 0 ? '' : `\nFlags:\n${table(rows)}`
  return `${command.text}\n\nUsage:\n  sluice ${command.name}${operands}${rows.length === 0 ? '' : ' [flags]'}\n${alias}${flags}`
}

function table(rows: readonly (readonly [left: string, right: string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('')
}
