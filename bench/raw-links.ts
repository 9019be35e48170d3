/**
 * The reference of the links benchmark: the rows of one created link and its event, each set in
 * one FULL transaction of prepared statements. Arguments: data directory, links, name of the run.
 * Prints one JSON line.
 */
import { join } from 'node:path'
import { openSqlite } from '../src/platform/database'

const [dataDir = '', links = '0', run = ''] = process.argv.slice(2)
const db = openSqlite({ path: join(dataDir, 'linkstead.db') })
const row = db.query<{ id: string }, []>('SELECT id FROM workspaces LIMIT 1').get()
const workspaceId = row?.id ?? ''

const insertLink = db.query(
  `INSERT INTO links (id, workspace_id, host, slug, kind, original_url, target_url, title,
     is_active, created_by, created_at, updated_at)
   VALUES (?, ?, '', ?, 'url', ?, ?, ?, 1, 'bench', ?, ?)`,
)
const countLink = db.query(
  `INSERT INTO link_counts (workspace_id, live) VALUES (?, 1)
   ON CONFLICT (workspace_id) DO UPDATE SET live = live + 1`,
)
const nextSequence = db.query<{ last: number }, [string]>(
  `INSERT INTO event_sequences (workspace_id, last) VALUES (?, 1)
   ON CONFLICT (workspace_id) DO UPDATE SET last = last + 1 RETURNING last`,
)
const insertEvent = db.query(
  `INSERT INTO events (id, workspace_id, type, sequence, body, created_at)
   VALUES (?, ?, 'link.created', ?, ?, ?)`,
)

const total = Number(links)
const startedAt = performance.now()
for (let index = 0; index < total; index++) {
  const now = Date.now()
  const id = `link_raw_${run}_${index}`
  const url = `https://example.com/page/${index}?a=1`
  db.run('BEGIN IMMEDIATE')
  insertLink.run(id, workspaceId, `r${run}-${index}`, url, url, `Page ${index}`, now, now)
  countLink.run(workspaceId)
  const { last } = nextSequence.get(workspaceId) ?? { last: 0 }
  const body = Buffer.from(JSON.stringify({ id, slug: `r${run}-${index}`, url, sequence: last }))
  insertEvent.run(`evt_raw_${run}_${index}`, workspaceId, last, body, now)
  db.run('COMMIT')
}
const seconds = (performance.now() - startedAt) / 1000
db.close()
console.log(JSON.stringify({ perSecond: total / seconds }))
