import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../src/core/clock'
import { createClickWorker } from '../../src/features/clicks/click-worker'
import { type ClickRunner, createClicksInThread } from '../../src/features/clicks/pipeline'
import { createClickService } from '../../src/features/clicks/service'
import { createHotLinks } from '../../src/features/links/hot-links'
import { createLinkPages } from '../../src/features/links/pages'
import { createRedirector } from '../../src/features/links/redirect'
import { createClientAddress } from '../../src/platform/client-address'
import { type Database, openDatabase } from '../../src/platform/database'
import { openGeo } from '../../src/platform/geo'
import { createLogger, type Logger } from '../../src/platform/logger'
import { nextTurn } from '../../src/platform/loops'
import { migrate } from '../../src/platform/migrate'
import { createAgentClassifier } from '../../src/platform/user-agent'
import { createWorkerClient } from '../../src/platform/worker'
import { createWriteIntent } from '../../src/platform/write-intent'

export type ClickWorldOptions = {
  dataDir: string
  clock: Clock
  logger?: Logger
  /** Expand in the real Worker instead of in this thread. */
  inWorker?: boolean
  /** Handed each Worker as it is made. */
  onWorker?: (worker: Worker) => void
  trustProxy?: readonly string[]
}

const MIGRATIONS = join(import.meta.dir, '../../db/migrations')

/** The click path as the server composes it, without the rest of the server. */
export function createClickWorld(options: ClickWorldOptions) {
  const { dataDir, clock, logger = createLogger('silent') } = options
  mkdirSync(dataDir, { recursive: true })
  const databasePath = join(dataDir, 'linkstead.db')
  const intent = createWriteIntent()
  const db = openDatabase({ path: databasePath, intent })
  const files = readdirSync(MIGRATIONS).filter((name) => name.endsWith('.sql'))
  const migrations = files.sort().map((name) => ({
    name,
    sql: readFileSync(join(MIGRATIONS, name), 'utf8'),
  }))
  migrate(db.sqlite, migrations, clock)
  const classify = createAgentClassifier()
  const runner: ClickRunner = options.inWorker
    ? createClickWorker({
        createClient(onEnd) {
          const worker = new Worker(new URL('../../src/worker.ts', import.meta.url))
          options.onWorker?.(worker)
          return createWorkerClient(worker, onEnd)
        },
        ...{ databasePath, dataDir, logger, logLevel: 'silent', intent: intent.buffer },
        clickIdKey: new Uint8Array(32),
        pause: nextTurn,
      })
    : createClicksInThread({ db, dataDir, classify, logger })
  const clicks = createClickService({
    ...{ db, dataDir, clock, logger, runner, classify, nextTurn },
    appSecret: 'a secret of the tests',
  })
  const hotLinks = createHotLinks(db)
  const redirector = createRedirector({
    ...{ clock, appSecret: 'a secret of the tests', classify: createAgentClassifier() },
    hotLinks,
    recorder: clicks.recorder,
    geo: openGeo(null),
    addressOf: createClientAddress(options.trustProxy ?? []),
    pages: createLinkPages({ db }),
    namespaceOf: () => '',
  })
  return { db, clicks, hotLinks, redirector, intent }
}

/** Workspace 1 and links `s00000` and so on, whose `no` is one more than their number. */
export function seedLinks(db: Database, count: number): void {
  db.sqlite.run('PRAGMA foreign_keys = OFF')
  db.write(() => {
    db.sqlite.run(
      `INSERT OR IGNORE INTO workspaces (no, id, name, slug, billing_group_id, timezone, brand,
         tracking_schedule, created_at, updated_at)
       VALUES (1, 'ws_1', 'A', 'a', 'grp_1', 'UTC', '{}', 'off', 0, 0)`,
    )
    const insert = db.sqlite.query(
      `INSERT OR IGNORE INTO links (no, id, workspace_id, host, slug, kind, original_url,
         target_url, is_active, created_by, created_at, updated_at)
       VALUES (?, ?, 'ws_1', '', ?, 'url', ?, ?, 1, 'usr_1', 0, 0)`,
    )
    for (let index = 0; index < count; index++) {
      const target = `https://example.com/page/${index}?a=1`
      insert.run(index + 1, `link_${index}`, slugOf(index), target, target)
    }
  })
  db.sqlite.run('PRAGMA foreign_keys = ON')
}

export const slugOf = (index: number): string => `s${String(index).padStart(5, '0')}`
