import { parseArgs } from 'node:util'
import { OperatorError } from '../core/errors'

export type ArgumentShape = {
  /** How the command is called, shown when it is called otherwise. */
  usage: string
  /** Names of the words that must be given, in order. */
  words?: readonly string[]
  /** Flags without a value. */
  flags?: readonly string[]
  /** Options with a value. */
  options?: readonly string[]
}

export type Arguments = {
  words: string[]
  has(flag: string): boolean
  option(name: string): string | undefined
}

/** Reads a command's arguments. Throws {@link OperatorError} that shows how it is called. */
export function readArguments(args: readonly string[], shape: ArgumentShape): Arguments {
  const { usage, words = [], flags = [], options = [] } = shape
  const known = {
    ...Object.fromEntries(flags.map((name) => [name, { type: 'boolean' as const }])),
    ...Object.fromEntries(options.map((name) => [name, { type: 'string' as const }])),
  }
  try {
    const parsed = parseArgs({ args: [...args], options: known, allowPositionals: true })
    const values = parsed.values as Record<string, string | boolean | undefined>
    if (parsed.positionals.length !== words.length) {
      throw new Error(words.length === 0 ? 'Too many words.' : `Give ${words.join(' and ')}.`)
    }
    return {
      words: parsed.positionals,
      has: (flag) => values[flag] === true,
      option(name) {
        const value = values[name]
        return typeof value === 'string' ? value : undefined
      },
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause)
    throw new OperatorError(`${reason} Usage: linkstead ${usage}`, { cause })
  }
}
