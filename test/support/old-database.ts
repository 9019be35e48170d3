import type { Database } from 'bun:sqlite'
import { migrations } from '../../db/migrations'
import { SCOPES } from '../../src/core/access'
import { DAY } from '../../src/core/clock'
import { hashToken, randomToken } from '../../src/core/secret'
import { PLAN_SEEDS } from '../../src/features/billing/plans'
import { firstIdAt } from '../../src/features/clicks/click-id'
import { openSqlite } from '../../src/platform/database'
import { migrate } from '../../src/platform/migrate'

/** The migrations of the first version that went out. */
const OLD_MIGRATIONS = migrations.slice(0, 4)

const CLICKS = 60_000
const START = Date.parse('2026-03-01T00:00:00Z')
/** Clicks come one after another over half a year. */
const STEP_MS = Math.floor((180 * DAY) / CLICKS)
const MADE = START - 30 * DAY
const TIMES = { created_at: MADE, updated_at: MADE }

type Value = string | number | null
type Insert = (table: string, row: Record<string, Value>) => void

/** Writes the file of a server of the first version, full of what it kept. */
export async function makeOldDatabase(path: string, password: string) {
  const keys = { secret: `ls_sk_${randomToken()}`, publishable: `ls_pk_${randomToken()}` }
  const hash = await Bun.password.hash(password, { algorithm: 'argon2id', memoryCost: 1024 })
  using db = openSqlite({ path })
  migrate(db, OLD_MIGRATIONS, { now: () => MADE })
  const insert: Insert = (table, row) => {
    const places = Object.keys(row).map(() => '?')
    const sql = `INSERT INTO ${table} (${Object.keys(row).join()}) VALUES (${places.join()})`
    db.query(sql).run(...Object.values(row))
  }
  db.transaction(() => {
    insertPeople(insert, hash)
    insertWorkspaces(insert)
    for (const [kind, text] of Object.entries(keys)) {
      const scopes = JSON.stringify(kind === 'secret' ? SCOPES : ['conversions:write'])
      insert('keys', {
        ...{ id: `key_${kind}`, workspace_id: 'ws_old', kind, name: kind, scopes },
        ...{ key_hash: hashToken(text), prefix: text.slice(0, 12) },
        ...{ created_by: 'usr_old', created_at: MADE },
      })
    }
    insertLinks(insert)
    insertClicks(db)
    insertCounts(db)
  })()
  return keys
}

function insertPeople(insert: Insert, hash: string): void {
  for (const [id, role] of [
    ['usr_old', 'SUPERADMIN'],
    ['usr_two', 'USER'],
  ] as const) {
    const person = { email: `${id}@example.com`, name: id, password_hash: hash, role }
    insert('users', { id, ...person, email_verified_at: MADE, ...TIMES })
  }
  const plan = PLAN_SEEDS.find(({ key }) => key === 'agency')
  insert('plans', {
    ...{ key: 'agency', name: 'Agency', price_monthly_minor: 39_900, currency: 'USD', position: 4 },
    ...{ limits: JSON.stringify(plan?.limits), features: JSON.stringify(plan?.features), ...TIMES },
  })
  insert('billing_groups', { id: 'grp_old', owner_user_id: 'usr_old', created_at: MADE })
  insert('subscriptions', {
    ...{ id: 'sbs_old', billing_group_id: 'grp_old', plan_key: 'agency', status: 'active' },
    // Set by the operator when there were no invoices, for a month that is long over.
    ...{ interval: 'month', provider: 'manual', current_period_start: MADE },
    ...{ current_period_end: MADE + 31 * DAY, cancel_at_period_end: 0, ...TIMES },
  })
}

function insertWorkspaces(insert: Insert): void {
  for (const [no, id] of [
    [1, 'ws_old'],
    [2, 'ws_two'],
  ] as const) {
    insert('workspaces', {
      ...{ no, id, name: id, slug: `slug-${no}`, billing_group_id: 'grp_old', timezone: 'UTC' },
      ...{ brand: '{"name":"Old","aliases":[],"negative_aliases":[],"domains":[]}' },
      ...{ tracking_schedule: 'off', ...TIMES },
    })
    const seat = { workspace_id: id, user_id: 'usr_old', role: 'owner', created_at: MADE }
    insert('members', { id: `mem_${no}`, ...seat })
  }
  insert('domains', {
    ...{ id: 'dom_old', workspace_id: 'ws_old', host: 'go.old.example', verified_at: MADE },
    ...{ health: 'healthy', failures: 0, created_by: 'usr_old', ...TIMES },
  })
  for (const [id, kind] of [
    ['fold_old', 'folder'],
    ['tag_old', 'tag'],
  ] as const) {
    insert('labels', { id, workspace_id: 'ws_old', kind, name: `Old ${kind}`, ...TIMES })
  }
}

/** Numbers 1 to 6: plain, filed, text, on a host of its own, deleted, of another workspace. */
function insertLinks(insert: Insert): void {
  const url = { kind: 'url', original_url: 'https://example.com/a b' }
  const plain = { ...url, target_url: 'https://example.com/a%20b', payload: null, host: '' }
  const links: Record<string, Value>[] = [
    { ...plain, slug: 'old' },
    { ...plain, slug: 'filed', folder_id: 'fold_old', utm: '{"source":"old"}', external_id: 'x1' },
    {
      ...{ ...plain, slug: 'words', kind: 'text', original_url: null, target_url: null },
      payload: '{"text":"Old words"}',
    },
    { ...plain, slug: 'old', host: 'go.old.example' },
    { ...plain, slug: 'gone', deleted_at: START + 100 * DAY },
    { ...plain, slug: 'other' },
  ]
  for (const [index, link] of links.entries()) {
    const workspaceId = index === 5 ? 'ws_two' : 'ws_old'
    const common = { workspace_id: workspaceId, is_active: 1, created_by: 'usr_old', ...TIMES }
    insert('links', { no: index + 1, id: `link_old${index + 1}`, ...common, ...link })
  }
  insert('link_tags', { link_no: 2, tag_id: 'tag_old' })
  insert('link_counts', { workspace_id: 'ws_old', live: 4 })
  insert('link_counts', { workspace_id: 'ws_two', live: 1 })
  const deleted = { host: '', slug: 'gone', workspace_id: 'ws_old', deleted_at: START + 100 * DAY }
  insert('slug_tombstones', deleted)
}

const TERMS = ['DE', 'AT', 'US', 'desktop', 'mobile', 'example.org', 'news', 'Chrome', 'Firefox']

function insertClicks(db: Database): void {
  const term = db.query('INSERT INTO click_terms (no, text) VALUES (?, ?)')
  for (const [index, text] of TERMS.entries()) term.run(index + 1, text)
  const click = db.query(
    `INSERT INTO clicks (id, link_no, workspace_no, at, verdict, firsts, visitor, country, device,
       browser, referrer, utm_source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  for (let index = 0; index < CLICKS; index++) {
    const at = START + index * STEP_MS
    const linkNo = 1 + (((index * 7) % 11) % 6)
    const verdict = index % 13 === 0 ? 2 : index % 17 === 0 ? 1 : 0
    const firsts = verdict === 0 ? index % 4 : 0
    const one = (no: number, every: number): number | null => (index % every === 0 ? null : no)
    click.run(
      ...[firstIdAt(at), linkNo, linkNo === 6 ? 2 : 1, at, verdict, firsts, index % 5000],
      ...[one(1 + (index % 3), 19), one(4 + (index % 2), 23), one(8 + (index % 2), 29)],
      ...[index % 5 === 0 ? 6 : null, index % 9 === 0 ? 7 : null],
    )
  }
}

/** What the first version had counted, all of it; its rollups say ten times too much. */
function insertCounts(db: Database): void {
  db.run(`INSERT INTO link_totals SELECT link_no, sum(verdict <= 1), sum(firsts & 1),
    sum(verdict > 1), max(at) FROM clicks GROUP BY link_no`)
  db.run(`INSERT INTO workspace_months SELECT workspace_no,
    (strftime('%Y', at / 1000, 'unixepoch') - 1970) * 12 +
      strftime('%m', at / 1000, 'unixepoch') - 1, sum(verdict <= 1)
    FROM clicks GROUP BY 1, 2`)
  for (const [scope, owner] of ['workspace_no', 'link_no'].entries()) {
    for (const [grain, span] of ['0', `at / ${DAY}`].entries()) {
      db.run(`INSERT INTO click_rollups SELECT ${scope}, ${owner}, 0, ${grain}, ${span}, 0,
        10 * sum(verdict = 0), sum(verdict = 1), sum(firsts & 1), sum(verdict = 2), 0, 0
        FROM clicks GROUP BY ${owner}, 5`)
    }
    db.run(`INSERT INTO rollup_marks SELECT ${scope}, ${owner}, max(id) FROM clicks GROUP BY 2`)
  }
  db.run('INSERT INTO click_progress SELECT 1, 0, 0, max(id), max(id) FROM clicks')
}
