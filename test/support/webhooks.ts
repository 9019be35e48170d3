import { migrations } from '../../db/migrations'
import { SYSTEM_ACTOR } from '../../src/core/access'
import type { EventType, NewEvent } from '../../src/core/events'
import { createDeliverer, type DelivererDeps } from '../../src/features/webhooks/deliverer'
import { createOutbox } from '../../src/features/webhooks/outbox'
import { type AuditLog, createRetirement } from '../../src/features/webhooks/retirement'
import { addSecret } from '../../src/features/webhooks/secrets'
import { createEventStreams } from '../../src/features/webhooks/stream'
import { openDatabase } from '../../src/platform/database'
import { createInternet } from '../../src/platform/internet'
import { nextTurn } from '../../src/platform/loops'
import { migrate } from '../../src/platform/migrate'
import { createVault } from '../../src/platform/vault'
import { createTestClock } from './clock'
import { temporaryDirectory } from './temporary-directory'

type StoredEvent = {
  id: string
  workspaceId: string
  type: string
  sequence: number
  body: Uint8Array
}
type StoredDelivery = {
  id: string
  eventId: string
  endpointId: string
  status: string
  attempts: number
  step: number
  dueAt: number
  leaseToken: string | null
  lastStatusCode: number | null
  lastError: string | null
  finishedAt: number | null
}
type StoredAttempt = {
  n: number
  statusCode: number | null
  error: string | null
  responseHead: string | null
}
type StoredEndpoint = {
  id: string
  enabled: number
  description: string | null
  disabledReason: string | null
  failingSince: number | null
  consecutiveFailures: number
  nextClaimAt: number | null
  throttledUntil: number | null
  breakerUntil: number | null
  breakerTrips: number
  sweepAt: number | null
  ownerToldAt: number | null
}

/** What a test may set of an endpoint beside its id and events. */
export type EndpointSettings = {
  url?: string
  workspaceId?: string
  enabled?: boolean
  deletedAt?: number
  inFlightMax?: number
  failingSince?: number
  throttledUntil?: number
}

const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const camel = (name: string): string =>
  name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

/** A migrated database with two workspaces and an outbox, gone at the end of the `using` scope. */
export function outboxWorld() {
  const directory = temporaryDirectory()
  const path = directory.file('linkstead.db')
  const clock = createTestClock()
  const db = openDatabase({ path })
  migrate(db.sqlite, migrations, clock)
  const now = clock.now()
  const insert = (table: string, values: Record<string, string | number | null>) => {
    const names = Object.keys(values).map(snake)
    const marks = names.map(() => '?').join()
    const sql = `INSERT INTO ${table} (${names}) VALUES (${marks})`
    db.sqlite.query(sql).run(...Object.values(values))
  }
  const rows = <Row>(table: string): Row[] =>
    db.sqlite
      .query<Record<string, unknown>, []>(`SELECT * FROM ${table} ORDER BY rowid`)
      .all()
      .map((row) => {
        const entries = Object.entries(row).map(([name, value]) => [camel(name), value])
        return Object.fromEntries(entries) as Row
      })

  const at = { createdAt: now, updatedAt: now }
  insert('users', { id: 'usr_1', email: 'o@example.com', name: 'Owner', role: 'USER', ...at })
  insert('billing_groups', { id: 'grp_1', ownerUserId: 'usr_1', createdAt: now })
  for (const id of ['ws_a', 'ws_b']) {
    const settings = { timezone: 'UTC', trackingSchedule: 'off', brand: '{}', ...at }
    insert('workspaces', { id, name: id, slug: id, billingGroupId: 'grp_1', ...settings })
  }

  const woken = { times: 0 }
  const onEnqueued = () => {
    woken.times += 1
  }
  const streams = createEventStreams({ db, clock, nextTurn })
  const { afterCommit } = db
  const outbox = createOutbox({ clock, afterCommit, onEnqueued, onWritten: streams.wake })

  return {
    ...{ path, clock, db, outbox, streams, woken, rows },
    actor: SYSTEM_ACTOR,
    /** An endpoint's row, straight into the table. */
    endpoint(id: string, events: EventType[], settings: EndpointSettings = {}) {
      const { enabled = true, ...more } = settings
      const facts = {
        url: 'http://127.0.0.1:1/',
        workspaceId: 'ws_a',
        events: JSON.stringify(events),
      }
      insert('webhook_endpoints', { id, enabled: enabled ? 1 : 0, ...facts, ...at, ...more })
    },
    /** One event in a transaction of its own. */
    happen: (event: Partial<NewEvent> = {}) =>
      db.write((tx) => outbox.enqueue(tx, { ...linkCreated, ...event })),
    events: () => rows<StoredEvent>('events'),
    deliveries: () => rows<StoredDelivery>('deliveries'),
    attempts: () => rows<StoredAttempt>('delivery_attempts'),
    endpointOf: (id: string) =>
      rows<StoredEndpoint>('webhook_endpoints').find((row) => row.id === id),
    [Symbol.dispose]() {
      db.close()
      directory[Symbol.dispose]()
    },
  }
}

export const linkCreated = {
  type: 'link.created',
  workspaceId: 'ws_a',
  data: {
    id: 'link_1',
    slug: 'promo',
    url: 'https://example.com/ä',
    shortUrl: 'https://l.example/promo',
  },
} as const satisfies NewEvent

type Entry = Parameters<AuditLog['record']>[1]

/** An {@link outboxWorld} that also sends, over the real guarded internet, to loopback alone. */
export function deliveryWorld(outboundAllow = ['127.0.0.0/8']) {
  const world = outboxWorld()
  const { db, clock, outbox } = world
  const vault = createVault('an app secret of thirty-two bytes')
  const audited: Entry[] = []
  const audit: AuditLog = { record: (_tx, entry) => void audited.push(entry) }
  const retirement = createRetirement({ db, clock, outbox, audit, nextTurn })
  const names = new Map<string, string[]>([['example.com', ['93.184.216.34']]])
  const { guarded: internet } = createInternet({
    outboundAllow,
    dnsServers: [],
    resolve: async (host) => names.get(host) ?? Promise.reject(new Error(`No ${host} in tests.`)),
  })
  const logged: string[] = []
  const plain: DelivererDeps = {
    ...{ db, clock, vault, internet, outbox, retirement, nextTurn },
    logger: { warn: (message: string) => void logged.push(message) },
    bootId: 'boot1',
    random: () => 0.5,
    timeoutMs: 5_000,
  }
  const deliverer = (more: Partial<DelivererDeps> = {}) => createDeliverer({ ...plain, ...more })
  const first = deliverer()

  return {
    ...world,
    ...{ vault, audit, audited, retirement, internet, names, logged, deliverer },
    wake: first.wake,
    /** An endpoint with a secret; returns the secret's text. */
    subscribe(id: string, url: string, settings: EndpointSettings = {}) {
      world.endpoint(id, ['link.created'], { url, ...settings })
      return addSecret(db.read, vault, id, clock.now())
    },
    /** Sends all that is due now. */
    deliver: (of = first, signal = new AbortController().signal) => of.loops[0].run(signal),
    upkeep: (of = first) => of.loops[1].run(),
  }
}

export type DeliveryWorld = ReturnType<typeof deliveryWorld>
