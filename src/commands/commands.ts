import { backupCommand } from './backup'
import { doctor } from './doctor'
import { exportCommand } from './export'
import { healthcheck } from './healthcheck'
import { importCommand } from './import'
import { keyCommand } from './key'
import { migrateCommand } from './migrate'
import { restoreCommand } from './restore'
import { serve } from './serve'
import { userCommand } from './user'
import { versionCommand } from './version'

export type Command = {
  summary: string
  /** Resolves with the exit code. */
  run(args: readonly string[], signal: AbortSignal): Promise<number>
}

export const COMMANDS = {
  serve: { summary: 'run the server (the default)', run: (_args, signal) => serve(signal) },
  migrate: { summary: 'bring the database up to date and exit', run: migrateCommand },
  backup: { summary: 'copy the database into FILE, beside a running server', run: backupCommand },
  restore: { summary: 'put a backup in the place of the database', run: restoreCommand },
  doctor: { summary: 'say what is wrong and what to do about it', run: doctor },
  user: { summary: 'user create EMAIL: make an account', run: userCommand },
  key: { summary: 'key create NAME: make an API key', run: keyCommand },
  import: { summary: 'plan an import of links from FILE; --apply does it', run: importCommand },
  export: { summary: 'write the links of a workspace into FILE', run: exportCommand },
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
