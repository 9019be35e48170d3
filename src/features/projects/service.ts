import { and, count, desc, eq, isNull } from 'drizzle-orm'
import { actorOf, type Principal } from '../../core/access'
import type { Clock } from '../../core/clock'
import { notFound } from '../../core/errors'
import { newId } from '../../core/ids'
import type { Database, Tx } from '../../platform/database'
import type { Entitlements } from '../billing/service'
import type { AnnounceProject } from './announcing'
import { createClaims } from './claims'
import { createProjectPurge, type ProjectPurgeStep } from './purge'
import type { ProjectFindings, ProjectScans } from './scanning'
import type { Onboarded, ShownStatus, UpdateProject } from './schema'
import { nextActionsOf, setupOf } from './status'
import { type ProjectRow, projects } from './table'
import { parseWebsite, type Website } from './website'

export type { AnnounceProject } from './announcing'
export type { ProjectPurgeStep } from './purge'
export type { Decision, ProjectFindings, ProjectScan, ProjectScans } from './scanning'
export type { ProjectRow } from './table'

export type ProjectDeps = {
  db: Database
  clock: Clock
  entitlements: Pick<Entitlements, 'requireRoom'>
  announce: AnnounceProject
  scans: ProjectScans
  /** In the order in which their decisions are shown. */
  findings: readonly ProjectFindings[]
  /** What has to go in the transaction that hides a project. */
  removals: readonly ((tx: Tx, projectId: string) => void)[]
  /** What else is kept of a project, in an order that no reference forbids. */
  purgeSteps: readonly ProjectPurgeStep[]
}

/** A website to be created or reused, in the workspace of who asks for it. */
export type WantedProject = { website: Website; name?: string | null | undefined }

export type Projects = ReturnType<typeof createProjects>

const NOTHING_HELD: Disposable = { [Symbol.dispose]: () => undefined }

/** Websites of clients: one per registrable domain in a workspace. */
export function createProjects(deps: ProjectDeps) {
  const { db, clock, entitlements, announce, scans, findings } = deps
  const claims = createClaims()
  const mine = (workspaceId: string) =>
    and(eq(projects.workspaceId, workspaceId), isNull(projects.deletedAt))

  function findLive(tx: Tx, workspaceId: string, id: string): ProjectRow | undefined {
    const wanted = and(mine(workspaceId), eq(projects.id, id))
    return tx.select().from(projects).where(wanted).get()
  }

  function requireById(tx: Tx, workspaceId: string, id: string): ProjectRow {
    const row = findLive(tx, workspaceId, id)
    if (!row) throw notFound('project')
    return row
  }

  function findByDomain(tx: Tx, workspaceId: string, domain: string): ProjectRow | undefined {
    const wanted = and(mine(workspaceId), eq(projects.registeredDomain, domain))
    return tx.select().from(projects).where(wanted).get()
  }

  const countOf = (tx: Tx, workspaceId: string): number =>
    tx.select({ n: count() }).from(projects).where(mine(workspaceId)).get()?.n ?? 0

  function insert(tx: Tx, principal: Principal, { website, name }: WantedProject): ProjectRow {
    const { workspaceId } = principal
    entitlements.requireRoom(tx, workspaceId, 'projects', countOf(tx, workspaceId))
    const now = clock.now()
    return tx
      .insert(projects)
      .values({
        ...{ id: newId('proj', now), workspaceId, ...website },
        name: name ?? website.registeredDomain,
        ...{ createdBy: actorOf(principal).name, createdAt: now, updatedAt: now },
      })
      .returning()
      .get()
  }

  function createOrReuse(tx: Tx, principal: Principal, wanted: WantedProject): Onboarded {
    const found = findByDomain(tx, principal.workspaceId, wanted.website.registeredDomain)
    if (found) {
      const scanRunId = scans.latestOf(tx, found.id)?.id ?? scans.begin(tx, found)
      return { row: found, existing: true, scanRunId }
    }
    const row = insert(tx, principal, wanted)
    announce(tx, row, 'created')
    return { row, existing: false, scanRunId: scans.begin(tx, row) }
  }

  return {
    ...createProjectPurge({ db, steps: deps.purgeSteps }),

    /** The website that a body names. Throws `invalid_domain`. */
    parseWebsite,

    /**
     * Keeps other requests from creating the same project until it is disposed of. A project that
     * exists needs no claim: any number may reuse it. Throws `in_progress`.
     */
    claim({ workspaceId }: Principal, { registeredDomain }: Website): Disposable {
      if (findByDomain(db.read, workspaceId, registeredDomain)) return NOTHING_HELD
      return claims.hold(workspaceId, registeredDomain)
    },

    /**
     * The project of a website, created with its first scan where the workspace has none yet; in
     * the caller's transaction. Throws `limit_reached`.
     */
    createOrReuse,

    /** As {@link createOrReuse}, in a transaction of its own. */
    ensure: (principal: Principal, wanted: WantedProject): Onboarded =>
      db.write((tx) => createOrReuse(tx, principal, wanted)),

    /** Every one of the workspace, newest first. */
    list: ({ workspaceId }: Principal): ProjectRow[] =>
      db.read
        .select()
        .from(projects)
        .where(mine(workspaceId))
        .orderBy(desc(projects.createdAt), desc(projects.id))
        .all(),

    /** Throws `not_found`. */
    find: ({ workspaceId }: Principal, id: string): ProjectRow =>
      requireById(db.read, workspaceId, id),

    /** A live project of the workspace. */
    findLive,

    /** As `findLive`. Throws `not_found`. */
    requireById,

    /** How far it is, and what is next. Throws `not_found`. */
    status({ workspaceId }: Principal, id: string): ShownStatus {
      const row = requireById(db.read, workspaceId, id)
      const scan = scans.latestOf(db.read, row.id)
      const found = findings.map((source) => source.openOf(db.read, row))
      const decisions = found.flatMap((open) => open.decisions)
      const background = found.reduce((sum, open) => sum + open.background, 0)
      return { row, scan, setup: setupOf(scan), actions: nextActionsOf(decisions, background) }
    },

    /** Changes what is given. Throws `not_found`. */
    update({ workspaceId }: Principal, id: string, { name }: UpdateProject): ProjectRow {
      return db.write((tx) => {
        const before = requireById(tx, workspaceId, id)
        if (name === undefined || name === before.name) return before
        const row = tx
          .update(projects)
          .set({ name, updatedAt: clock.now() })
          .where(eq(projects.id, id))
          .returning()
          .get()
        announce(tx, row, 'updated')
        return row
      })
    },

    /**
     * Hides a project at once; the loop removes it with all that belongs to it. Throws
     * `not_found`. Returns the id.
     */
    delete({ workspaceId }: Principal, id: string): string {
      return db.write((tx) => {
        const row = requireById(tx, workspaceId, id)
        tx.update(projects).set({ deletedAt: clock.now() }).where(eq(projects.id, id)).run()
        for (const remove of deps.removals) remove(tx, id)
        announce(tx, row, 'deleted')
        return id
      })
    },
  }
}
