/** `sluice help --man`: the manual page, made of the table of commands. The build writes it to `dist/sluice.1`. */

import { COMPATIBILITY_VERSION, SLUICE_VERSION } from '../identity.js'
import { COMMANDS, type Command } from './commands.js'

/** Text of roff: a backslash, and a dot or quote at the start of a line, would be commands. */
const plain = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')

/** Writes the page in roff, with the macros of man(7). */
export function manPage(): string {
  return `.TH SLUICE 1 "" "Sluice ${SLUICE_VERSION}" "Sluice Manual"
.SH NAME
sluice \\- an API gateway that runs KrakenD configurations
.SH SYNOPSIS
.B sluice
.I command
.RI [ flags ]
.SH DESCRIPTION
Sluice reads configurations of KrakenD, version 3, in JSON, YAML or TOML, and answers as KrakenD ${COMPATIBILITY_VERSION} does.
.SH COMMANDS
${COMMANDS.map(commandOf).join('')}.SH "EXIT STATUS"
.TP
.B 0
Success.
.TP
.B 1
The configuration or the start failed; an audit found something.
.TP
.B 2
The command line was wrong.
.TP
.BR 130 ", " 143
A second signal forced the end.
.SH ENVIRONMENT
.TP
.BR FC_ENABLE ", " FC_SETTINGS ", " FC_PARTIALS ", " FC_TEMPLATES ", " FC_OUT
Flexible configuration: the file is a Go template.
.TP
.B KRAKEND_*
Values of keys of the root.
.TP
.BR NO_COLOR ", " FORCE_COLOR
Colours never, or always.
.SH EXAMPLES
.EX
sluice check \\-c krakend.json
sluice run \\-c krakend.json
FC_ENABLE=1 FC_SETTINGS=settings sluice run \\-c krakend.tmpl
.EE
`
}

function commandOf(command: Command): string {
  const alias = command.alias === undefined ? '' : ` Also: ${command.alias}.`
  const operands = command.operands === undefined ? '' : ` \\fI${plain(command.operands)}\\fR`
  const flags = Object.entries(command.flags).map(([name, { short, value, text }]) => {
    const names = [...(short === undefined ? [] : [`-${short}`]), `--${name}`].map(spelling => `\\fB${plain(spelling)}\\fR`)
    return `.TP\n${names.join(', ')}${value === undefined ? '' : ` \\fI${plain(value)}\\fR`}\n${plain(text)}\n`
  })
  return `.SS "sluice ${plain(command.name)}"\n\\fBsluice ${plain(command.name)}\\fR${operands}\n.PP\n${plain(command.text)}.${alias}\n${flags.join('')}`
}
