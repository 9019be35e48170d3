import { readFileSync } from 'node:fs'
import { OperatorError } from '../core/errors'
import { randomToken } from '../core/secret'
import { readArguments } from './arguments'
import { operate } from './operate'

const USAGE = 'user create EMAIL [--name NAME] [--superadmin] [--password-file FILE]'

/** `user create`: an account whose address counts as proven, with a workspace of its own. */
export async function userCommand(args: readonly string[]): Promise<number> {
  const { words, has, option } = readArguments(args, {
    usage: USAGE,
    words: ['create', 'EMAIL'],
    flags: ['superadmin'],
    options: ['name', 'password-file'],
  })
  const [verb, email] = words
  if (verb !== 'create') throw new OperatorError(`Usage: linkstead ${USAGE}`)
  const file = option('password-file')
  // Never as an argument: the arguments of a process can be read by everybody on the machine.
  const password = file === undefined ? randomToken(12) : readPassword(file)
  const name = option('name')
  const user = { email, password, superadmin: has('superadmin'), ...(name && { name }) }
  const made = await operate('/user/create', user)
  const shown = file === undefined ? { password } : {}
  console.log(JSON.stringify({ ...(made as object), ...shown }, null, 2))
  return 0
}

/** `-` is standard input. */
function readPassword(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw new OperatorError(`--password-file: cannot read ${file}.`, { cause })
  }
}
