/** `sluice completion SHELL`: a script that lets a shell complete commands and flags, made of the table of commands. */

import { type Arguments, UsageError } from './arguments.js'
import { COMMANDS, type Command, type Flag } from './commands.js'
import type { Terminal } from './terminal.js'

/** Scripts by the shell that reads them. */
const SCRIPTS: Readonly<Record<string, () => string>> = { bash: bashScript, zsh: zshScript, fish: fishScript }

/** Prints the script of a shell and returns the exit code. */
export function completion(args: Arguments, terminal: Terminal): number {
  const [shell = '', ...rest] = args.operands
  const script = Object.hasOwn(SCRIPTS, shell) && rest.length === 0 ? SCRIPTS[shell] : undefined
  if (script === undefined) {
    throw new UsageError(`one shell is expected, not ${JSON.stringify(args.operands.join(' '))}: bash, zsh or fish`, 'completion')
  }
  terminal.write(script())
  return 0
}

const takesFiles = (flag: Flag): boolean => flag.value === 'FILE'
const flagsOf = (command: Command): (readonly [string, Flag])[] => Object.entries(command.flags)
const spellings = ([name, { short }]: readonly [string, Flag]): string[] => [
  ...(short === undefined ? [] : [`-${short}`]),
  `--${name}`
]
/** What may stand behind a command, as far as it is known. */
const operandsOf = ({ operandChoices = [] }: Command): readonly string[] => operandChoices

/** All names of commands, and the command of each. */
function named(): (readonly [name: string, command: Command])[] {
  return COMMANDS.flatMap(command => [
    [command.name, command] as const,
    ...(command.alias === undefined ? [] : [[command.alias, command] as const])
  ])
}

function bashScript(): string {
  const cases = COMMANDS.map(command => {
    const names = [command.name, ...(command.alias === undefined ? [] : [command.alias])].join('|')
    const valued = flagsOf(command).filter(([, flag]) => flag.value !== undefined)
    const values = valued.map(entry => {
      const [, flag] = entry
      const found = takesFiles(flag)
        ? ''
        : `compopt +o default; COMPREPLY=($(compgen -W '${(flag.choices ?? []).join(' ')}' -- "$cur")); `
      return `        ${spellings(entry).join('|')}) ${found}return ;;\n`
    })
    const words = [...flagsOf(command).flatMap(spellings), ...operandsOf(command)].join(' ')
    const previous = values.length === 0 ? '' : `      case $prev in\n${values.join('')}      esac\n`
    return `    ${names})\n${previous}      words='${words}' ;;\n`
  })
  return `# bash completion for sluice: source <(sluice completion bash)
_sluice() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    compopt +o default
    COMPREPLY=($(compgen -W '${named()
      .map(([name]) => name)
      .join(' ')}' -- "$cur"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('')}  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _sluice sluice
`
}

function zshScript(): string {
  const quoted = (text: string): string => text.replaceAll("'", `'\\''`)
  const inBrackets = (text: string): string => quoted(text).replace(/[[\]:\\]/g, '\\$&')
  const action = (flag: Flag): string =>
    flag.value === undefined ? '' : `:${flag.value}:${takesFiles(flag) ? '_files' : `(${(flag.choices ?? []).join(' ')})`}`
  const cases = COMMANDS.map(command => {
    const names = [command.name, ...(command.alias === undefined ? [] : [command.alias])].join('|')
    const specs = flagsOf(command).map(([name, flag]) => {
      const tail = `[${inBrackets(flag.text)}]${action(flag)}'`
      return flag.short === undefined ? `'--${name}${tail}` : `'(-${flag.short} --${name})'{-${flag.short},--${name}}'${tail}`
    })
    const choices = operandsOf(command)
    const rest =
      command.operands === undefined
        ? []
        : [choices.length === 0 ? "'*:file:_files'" : `'1:${command.operands}:(${choices.join(' ')})'`]
    return `    ${names}) _arguments ${[...specs, ...rest].join(' ')} ;;\n`
  })
  return `#compdef sluice
# zsh completion for sluice: source <(sluice completion zsh)
_sluice() {
  local -a commands=(
${named()
  .map(([name, command]) => `    '${quoted(name)}:${quoted(command.text)}'\n`)
  .join('')}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('')}  esac
}
if [ "$funcstack[1]" = _sluice ]; then _sluice "$@"; else compdef _sluice sluice; fi
`
}

function fishScript(): string {
  const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`
  const lines = ['# fish completion for sluice: sluice completion fish | source', 'complete -c sluice -f']
  for (const [name, command] of named()) {
    lines.push(`complete -c sluice -n __fish_use_subcommand -a ${name} -d ${quoted(command.text)}`)
    const on = `complete -c sluice -n '__fish_seen_subcommand_from ${name}'`
    for (const [flagName, flag] of flagsOf(command)) {
      const short = flag.short === undefined ? '' : ` -s ${flag.short}`
      const value =
        flag.value === undefined ? '' : takesFiles(flag) ? ' -r -F' : ` -x -a ${quoted((flag.choices ?? []).join(' '))}`
      lines.push(`${on}${short} -l ${flagName}${value} -d ${quoted(flag.text)}`)
    }
    const choices = operandsOf(command)
    if (choices.length > 0) lines.push(`${on} -a ${quoted(choices.join(' '))}`)
    else if (command.operands !== undefined) lines.push(`${on} -F`)
  }
  return `${lines.join('\n')}\n`
}
