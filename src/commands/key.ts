import { OperatorError } from '../core/errors'
import { readArguments } from './arguments'
import { operate } from './operate'

const USAGE =
  'key create NAME (--user EMAIL | --workspace ID) [--scopes LIST] [--kind publishable] [--expires TIME]'

/** `key create`: prints the key, which nobody can read again. */
export async function keyCommand(args: readonly string[]): Promise<number> {
  const { words, option } = readArguments(args, {
    usage: USAGE,
    words: ['create', 'NAME'],
    options: ['user', 'workspace', 'scopes', 'kind', 'expires'],
  })
  const [verb, name] = words
  if (verb !== 'create') throw new OperatorError(`Usage: linkstead ${USAGE}`)
  const scopes = option('scopes')?.split(/[\s,]+/)
  const expires = option('expires')
  const kind = option('kind')
  const email = option('user')
  const workspaceId = option('workspace')
  const made = await operate('/key/create', {
    key: {
      name,
      ...(kind && { kind }),
      ...(scopes && { scopes }),
      ...(expires && { expires_at: expires }),
    },
    ...(email && { email }),
    ...(workspaceId && { workspaceId }),
  })
  console.log(JSON.stringify(made, null, 2))
  return 0
}
