import { healthcheck } from './healthcheck'
import { migrateCommand } from './migrate'
import { serve } from './serve'
import { versionCommand } from './version'

export type Command = {
  summary: string
  /** Resolves with the exit code. */
  run(args: readonly string[], signal: AbortSignal): Promise<number>
}

export const COMMANDS = {
  serve: { summary: 'run the server (the default)', run: (_args, signal) => serve(signal) },
  migrate: { summary: 'bring the database up to date and exit', run: migrateCommand },
  healthcheck: { summary: 'exit 0 when the server on this machine is ready', run: healthcheck },
  version: { summary: 'print the version', run: versionCommand },
} as const satisfies Record<string, Command>

export type CommandName = keyof typeof COMMANDS

export const isCommand = (text: string): text is CommandName => Object.hasOwn(COMMANDS, text)

/** The help text. */
export function usage(): string {
  const lines = Object.entries(COMMANDS).map(
    ([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`,
  )
  return `Usage: linkstead [command]\n\n${lines.join('\n')}\n\nSettings come from the environment; see README.md.\n`
}
