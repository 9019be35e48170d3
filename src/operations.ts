import { z } from 'zod'
import { type Identity, type Principal, SCOPES } from './core/access'
import { AppError, notFound } from './core/errors'
import type { AccountService } from './features/accounts/service'
import type { ImportService } from './features/imports/service'
import { CreateKey, toKey } from './features/keys/schema'
import type { Keys } from './features/keys/service'
import type { SystemService } from './features/system/service'
import type { WorkspaceDirectory } from './features/workspaces/directory'
import { createImportOperations } from './import-operations'
import type { AdminOperations } from './platform/admin-socket'
import type { LoopRunner } from './platform/loops'

export type OperationsDeps = {
  accounts: Pick<AccountService, 'createUser' | 'findByEmail'>
  directory: Pick<WorkspaceDirectory, 'enter'>
  keys: Pick<Keys, 'create'>
  /** Settles when answered clicks are in the database. */
  upkeep: { settleClicks(): Promise<void> }
  system: Pick<SystemService, 'readiness'>
  imports: Pick<ImportService, 'create' | 'find' | 'apply' | 'quotaOf'>
  loops: Pick<LoopRunner, 'status' | 'run'>
  version: string
}

const NewUser = z.object({
  email: z.email('must be an e-mail address').toLowerCase(),
  name: z.string().trim().min(1).max(200).optional(),
  password: z.string().max(256),
  superadmin: z.boolean().default(false),
})

const NewKey = z.object({
  key: CreateKey.omit({ workspace_id: true }),
  email: z.email('must be an e-mail address').toLowerCase().optional(),
  workspaceId: z.string().optional(),
})

/** What an operator may do from the command line, in this process or through its admin.sock. */
export function createOperations(deps: OperationsDeps): AdminOperations {
  const { accounts, directory, keys, upkeep, system, loops, imports, version } = deps
  function enter(workspaceId: string): Principal {
    const principal = directory.enter(holderOf(undefined, workspaceId), workspaceId)
    if (!principal) throw notFound('workspace')
    return principal
  }
  return {
    ...createImportOperations({ imports, loops, parse, enter }),

    async '/user/create'(input) {
      const { superadmin, name, ...user } = parse(NewUser, input)
      const role = superadmin ? 'SUPERADMIN' : 'USER'
      const { id, email } = await accounts.createUser({ ...user, name, role })
      return { id, email, name: name ?? null, role }
    },

    '/key/create'(input) {
      const { key, email, workspaceId } = parse(NewKey, input)
      const principal = directory.enter(holderOf(email, workspaceId), workspaceId ?? null)
      if (!principal) throw notFound('workspace')
      // Bound to the workspace that was named, else to all workspaces of the person.
      const made = keys.create(principal, { ...key, workspace_id: workspaceId ?? null })
      return { ...toKey(made), key: made.text }
    },

    async '/clicks/settle'() {
      await upkeep.settleClicks()
      return {}
    },

    '/status': () => ({ version, pid: process.pid, ...system.readiness(), loops: loops.status() }),
  }

  /** A person with all their rights, or a workspace itself where no person is named. */
  function holderOf(email: string | undefined, workspaceId: string | undefined): Identity {
    const common = {
      ...{ keyId: null, sessionId: null, actorName: 'operator', superadmin: false },
      ...{ grantedScopes: new Set(SCOPES), allowedOrigins: null },
    }
    if (email !== undefined) {
      const user = accounts.findByEmail(email)
      if (!user) throw new AppError('not_found', `There is no account of ${email}.`)
      return { ...common, kind: 'token', userId: user.id, boundWorkspaceId: null }
    }
    if (workspaceId === undefined) {
      throw new AppError(
        'validation_failed',
        'Name whose key it is: --user EMAIL or --workspace ID.',
      )
    }
    return { ...common, kind: 'secret_key', userId: null, boundWorkspaceId: workspaceId }
  }
}

function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.path.join('.')
  throw new AppError('validation_failed', issue?.message ?? 'Not understood.', { field })
}
