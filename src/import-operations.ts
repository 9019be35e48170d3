import { z } from 'zod'
import type { Principal } from './core/access'
import { ImportForm, toImport, toImportedLink } from './features/imports/schema'
import type { ImportService } from './features/imports/service'
import type { AdminOperations } from './platform/admin-socket'
import { type LoopRunner, settlesWithin } from './platform/loops'

/** How long a look at work under way may take. */
const WORK_MS = 1_000
const PROBLEMS_SHOWN = 20

export type ImportOperationsDeps = {
  imports: Pick<ImportService, 'create' | 'find' | 'apply' | 'quotaOf'>
  loops: Pick<LoopRunner, 'run'>
  parse: <T>(schema: z.ZodType<T>, input: unknown) => T
  /** The workspace itself, with all its rights. Throws `not_found`. */
  enter: (workspaceId: string) => Principal
}

const NewImport = z.object({
  workspaceId: z.string(),
  form: ImportForm,
  /** A file that lies sealed in the data directory already. */
  file: z.object({
    name: z.string(),
    sizeBytes: z.number(),
    head: z.base64(),
    stored: z.object({ name: z.string().regex(/^[0-9a-f]{32}$/), key: z.string() }),
  }),
})

const OneImport = z.object({ workspaceId: z.string(), id: z.string() })

/** Links that come in files, from the command line; the same service as `/imports`. */
export function createImportOperations(deps: ImportOperationsDeps): AdminOperations {
  const { imports, loops, parse, enter } = deps

  function show(principal: Principal, id: string) {
    const { row } = imports.find(principal, id, { limit: 1 })
    const problems = (['error', 'failed'] as const).flatMap(
      (status) => imports.find(principal, id, { limit: PROBLEMS_SHOWN, status }).page.data,
    )
    return {
      ...toImport(row, imports.quotaOf(principal, row)),
      problems: problems.map((problem) => toImportedLink(id, problem)),
    }
  }

  return {
    '/import/create'(input) {
      const { workspaceId, form, file } = parse(NewImport, input)
      const received = { ...file, head: Buffer.from(file.head, 'base64'), keep: () => {} }
      return { id: imports.create(enter(workspaceId), form, received).id }
    },

    '/import/apply'(input) {
      const { workspaceId, id } = parse(OneImport, input)
      return { id: imports.apply(enter(workspaceId), id).id }
    },

    /** Works on it for a while and tells how far it has come. */
    async '/import/look'(input) {
      const { workspaceId, id } = parse(OneImport, input)
      const principal = enter(workspaceId)
      const { status } = imports.find(principal, id, { limit: 1 }).row
      const isUnderWay = status === 'parsing' || status === 'applying'
      if (isUnderWay) await settlesWithin(loops.run('imports'), WORK_MS)
      return show(principal, id)
    },
  }
}
