import { eq } from 'drizzle-orm'
import type { Actor } from '../../core/access'
import { type Clock, toIso } from '../../core/clock'
import { AppError, invalid } from '../../core/errors'
import type { Database, Tx } from '../../platform/database'
import type { Internet } from '../../platform/internet'
import type { Audit } from '../audit/service'
import type { FormRecipe } from './recipe'
import { askedFieldsOf, type GivenForm, type UpdateDirectory } from './recipe-schema'
import { type DirectoryRow, directories } from './table'

export type InstructingDeps = {
  db: Database
  clock: Clock
  audit: Pick<Audit, 'record'>
  internet: Pick<Internet, 'judgeUrl'>
}

/** How the operator says in which way a directory takes submissions. */
export function createInstructing({ db, clock, audit, internet }: InstructingDeps) {
  function requireById(tx: Tx, id: number): DirectoryRow {
    const row = tx.select().from(directories).where(eq(directories.id, id)).get()
    if (!row) throw new AppError('not_found', 'There is no such directory.')
    return row
  }

  /** A recipe with who recorded its permission, and when. */
  function formOf(actor: Actor, given: GivenForm): FormRecipe {
    const { permission, action_url, ...rest } = given
    const url = internet.judgeUrl(action_url, { field: 'form.action_url' })
    const grantedAt = new Date(permission.granted_at).getTime()
    if (grantedAt > clock.now()) {
      throw invalid('form.permission.granted_at', 'must not be in the future')
    }
    return {
      ...rest,
      action_url: url.href,
      permission: {
        ...{ granted_by: permission.granted_by, granted_at: toIso(grantedAt) },
        ...{ text: permission.text, recorded_by: actor.name, recorded_at: toIso(clock.now()) },
      },
    }
  }

  return {
    /** Throws `not_found`. */
    find: (id: number): DirectoryRow => requireById(db.read, id),

    /** Changes what is given. Throws `not_found`, `validation_failed`, `invalid_url`. */
    update(actor: Actor, id: number, input: UpdateDirectory): DirectoryRow {
      const { submit_email, review_days, fields, form } = input
      return db.write((tx) => {
        requireById(tx, id)
        const changes = {
          ...(submit_email === undefined ? {} : { submitEmail: submit_email }),
          ...(review_days === undefined ? {} : { reviewDays: review_days }),
          ...(fields === undefined ? {} : { fields: askedFieldsOf(fields) }),
          ...(form === undefined ? {} : { form: form && formOf(actor, form) }),
        }
        const row = tx
          .update(directories)
          .set({ ...changes, updatedAt: clock.now() })
          .where(eq(directories.id, id))
          .returning()
          .get()
        audit.record(tx, {
          ...{ workspaceId: null, actor, action: 'directory.updated', subjectId: String(id) },
          details: { changed: Object.keys(changes) },
        })
        return row
      })
    },
  }
}
