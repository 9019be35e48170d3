import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { desc, eq } from 'drizzle-orm'
import type { Clock } from '../../src/core/clock'
import { systemClock } from '../../src/core/clock'
import { createFrontier } from '../../src/features/scans/frontier'
import { createScans } from '../../src/features/scans/service'
import { scanFindings, scanPages, scans as scanRows } from '../../src/features/scans/table'
import { openDatabase } from '../../src/platform/database'
import { nextTurn } from '../../src/platform/loops'
import { migrate } from '../../src/platform/migrate'
import { testCertificate } from './certificate'
import { internetWith } from './outbound'

const MIGRATIONS = join(import.meta.dir, '../../db/migrations')
/** The product token that fixture sites' robots.txt files may name. */
export const TOKEN = 'linkstead-scan'

const PROJECT = {
  ...{ id: 'proj_1', workspaceId: 'ws_1', name: 'Acme', startHost: 'acme.example' },
  ...{ registeredDomain: 'acme.example', createdBy: 'Ada' },
  ...{ createdAt: 0, updatedAt: 0, deletedAt: null },
}

export type ScanWorldOptions = {
  path: string
  /** Of the one website. */
  origin?: string
  clock?: Clock
  pause?: (ms: number) => Promise<void>
  gapMs?: number
  pagesMax?: number
}

/** Scans over loopback, in a database file of their own, of project `proj_1` of workspace `ws_1`. */
export function createScanWorld(options: ScanWorldOptions) {
  const { path, origin = 'https://acme.example', clock = systemClock } = options
  const { pause = async () => {}, gapMs = 0, pagesMax = 500 } = options
  const db = openDatabase({ path })
  const files = readdirSync(MIGRATIONS).filter((name) => name.endsWith('.sql'))
  const sql = (name: string) => readFileSync(join(MIGRATIONS, name), 'utf8')
  migrate(
    db.sqlite,
    files.sort().map((name) => ({ name, sql: sql(name) })),
    clock,
  )
  db.sqlite.run('PRAGMA foreign_keys = OFF')
  db.sqlite.run(
    `INSERT OR IGNORE INTO workspaces (no, id, name, slug, billing_group_id, timezone, brand,
       tracking_schedule, created_at, updated_at)
     VALUES (1, 'ws_1', 'A', 'a', 'grp_1', 'UTC', '{}', 'off', 0, 0)`,
  )
  db.sqlite.run('PRAGMA foreign_keys = ON')
  db.sqlite.run(
    `INSERT OR IGNORE INTO projects (id, workspace_id, name, start_host, registered_domain,
       created_by, created_at, updated_at)
     VALUES ('proj_1', 'ws_1', 'Acme', 'acme.example', 'acme.example', 'Ada', 0, 0)`,
  )
  const { guarded } = internetWith(undefined, {
    outboundAllow: ['127.0.0.0/8'],
    ca: testCertificate.cert,
  })
  const scans = createScans({
    ...{ db, clock, nextTurn, pause, internet: guarded, reading: null },
    publicUrl: () => 'https://linkstead.example',
    // Of all that a plan limits, scans ask for this alone.
    entitlements: { limitsOf: () => ({ scanPages: pagesMax }) as never },
    workspaces: { findLive: () => undefined },
    projects: () => ({ findLive: () => PROJECT, requireById: () => PROJECT }),
    announce: () => undefined,
    wake: () => undefined,
    pace: { gapMs, pause, originsOf: () => [origin] },
  })
  const frontier = createFrontier({ db, clock })
  const latest = () => db.read.select().from(scanRows).orderBy(desc(scanRows.no)).limit(1).get()
  return {
    ...{ db, scans, frontier, latest },
    /** Begins a scan, or answers the one that goes on. */
    begin() {
      db.write((tx) => scans.port.begin(tx, PROJECT))
      const scan = latest()
      if (!scan) throw new Error('No scan was begun.')
      return scan
    },
    cancel: () => db.write((tx) => scans.removal(tx, PROJECT.id)),
    /** Carries out what was begun. */
    run: async (signal = new AbortController().signal): Promise<void> => {
      await scans.loops[0]?.run(signal)
    },
    /** Every address of a scan with what came of it. */
    pages: (no: number) =>
      db.read.select().from(scanPages).where(eq(scanPages.scanNo, no)).orderBy(scanPages.no).all(),
    findings: (no: number) =>
      db.read.select().from(scanFindings).where(eq(scanFindings.scanNo, no)).all(),
    [Symbol.dispose]: () => db.close(),
  }
}
