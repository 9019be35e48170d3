import { openSync } from 'node:fs'
import { readConfig } from '../config'
import { systemClock } from '../core/clock'
import { OperatorError } from '../core/errors'
import { createTotals } from '../features/clicks/totals'
import { createLabels } from '../features/labels/service'
import { createLinkExport, type ExportFormat } from '../features/links/export'
import { createSearchInThread } from '../features/links/search'
import { askServer } from './admin-client'
import { readArguments } from './arguments'
import { chooseWorkspace, openBeside } from './workspace-choice'

const USAGE = 'export FILE [--workspace ID] [--format csv|ndjson]'

/** Writes every link of a workspace into FILE (`-`: standard output), beside a running server. */
export async function exportCommand(args: readonly string[]): Promise<number> {
  const { words, option } = readArguments(args, {
    ...{ usage: USAGE, words: ['FILE'], options: ['workspace', 'format'] },
  })
  const [file = ''] = words
  const format = formatOf(option('format') ?? 'csv')
  const config = readConfig()
  const db = openBeside(config.dataDir)
  try {
    const workspaceId = chooseWorkspace(db, option('workspace'))
    // Answered clicks are counted first, where a server can do that.
    await askServer(config.dataDir, { path: '/clicks/settle', body: {} })
    const links = createLinkExport({
      db,
      labels: createLabels({ db, clock: systemClock, entitlements: NEVER_ASKED }),
      clicks: { totalsOf: createTotals(db) },
      search: createSearchInThread(db),
      publicUrl: () => config.publicUrl ?? `http://localhost:${config.port}`,
    })
    const sink = file === '-' ? Bun.stdout.writer() : Bun.file(create(file)).writer()
    for await (const piece of links.pieces({ workspaceId }, format)) {
      sink.write(piece)
      await sink.flush()
    }
    await sink.end()
    return 0
  } finally {
    db.close()
  }
}

const NEVER_ASKED = {
  requireRoom() {
    throw new Error('An export makes nothing.')
  },
}

function formatOf(text: string): ExportFormat {
  if (text === 'csv' || text === 'ndjson') return text
  throw new OperatorError(`--format: must be csv or ndjson. Usage: linkstead ${USAGE}`)
}

/** For this user alone, and never over something. */
function create(file: string): number {
  try {
    return openSync(file, 'wx', 0o600)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new OperatorError(`${file} cannot be written: ${reason}.`, { cause })
  }
}
