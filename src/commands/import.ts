import { readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { readConfig } from '../config'
import { OperatorError } from '../core/errors'
import { FILE_BYTES_MAX } from '../http/upload'
import { handOver } from '../platform/data-dir'
import { createSealedFiles } from '../platform/sealed-files'
import { readArguments } from './arguments'
import { type Operate, operating } from './operate'
import { chooseWorkspace, openBeside } from './workspace-choice'

const USAGE =
  'import FILE --source csv|bitly|yourls|shlink|kutt|dub|sink [--workspace ID] [--on-collision skip|rename|update] [--domain HOST] [--mapping JSON] [--apply]'
const HEAD_BYTES = 4096

type View = {
  id: string
  status: 'parsing' | 'ready' | 'applying' | 'done' | 'failed'
  counts: Record<string, number>
  quota: { fits: boolean; room: number | null }
  error: { message: string } | null
  problems: { line: number; slug: string | null; error: { message: string } | null }[]
}

/** Plans an import of links from FILE, and with `--apply` does it. Exit code 1 with rows that fail. */
export async function importCommand(args: readonly string[]): Promise<number> {
  const { words, has, option } = readArguments(args, {
    ...{ usage: USAGE, words: ['FILE'], flags: ['apply'] },
    options: ['source', 'workspace', 'on-collision', 'domain', 'mapping'],
  })
  const file = resolve(words[0] ?? '')
  const { dataDir } = readConfig()
  const bytes = read(file)
  const workspaceId = workspaceOf(dataDir, option('workspace'))
  return operating(async (operate) => {
    const form = {
      ...{ file: basename(file), source: option('source') },
      ...{ onCollision: option('on-collision'), domain: option('domain') },
      mapping: option('mapping'),
    }
    const id = await send(operate, { dataDir, workspaceId, form, bytes })
    let view = await settled(operate, { workspaceId, id })
    if (has('apply') && view.status === 'ready') {
      await operate('/import/apply', { workspaceId, id })
      view = await settled(operate, { workspaceId, id })
    }
    console.log(story(view))
    const { error = 0, failed = 0 } = view.counts
    return view.status === 'failed' || error + failed > 0 ? 1 : 0
  })
}

function read(file: string): Buffer {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (cause) {
    throw new OperatorError(`There is no file ${file} that this user can read.`, { cause })
  }
  if (bytes.length <= FILE_BYTES_MAX) return bytes
  throw new OperatorError(`${file} has more than 50 MiB. Split it.`)
}

function workspaceOf(dataDir: string, asked: string | undefined): string {
  const db = openBeside(dataDir)
  try {
    return chooseWorkspace(db, asked)
  } finally {
    db.close()
  }
}

type Sent = { dataDir: string; workspaceId: string; form: object; bytes: Buffer }

/** The file goes sealed into the data directory, what it is through the socket. */
async function send(operate: Operate, { dataDir, workspaceId, form, bytes }: Sent) {
  const directory = join(dataDir, 'imports')
  const files = createSealedFiles(directory)
  const writer = files.create()
  writer.write(bytes)
  const stored = await writer.close()
  handOver(directory)
  try {
    const head = bytes.subarray(0, HEAD_BYTES).toString('base64')
    const { file: name } = form as { file: string }
    const file = { name, sizeBytes: bytes.length, head, stored }
    const made = await operate('/import/create', { workspaceId, form, file })
    return (made as { id: string }).id
  } catch (error) {
    files.remove(stored.name)
    throw error
  }
}

async function settled(operate: Operate, one: { workspaceId: string; id: string }): Promise<View> {
  for (;;) {
    // The marked boundary: answered by our own operation.
    const view = (await operate('/import/look', one)) as View
    if (view.status !== 'parsing' && view.status !== 'applying') return view
    const { total = 0, created = 0, updated = 0 } = view.counts
    const done = view.status === 'parsing' ? `${total} read` : `${created + updated} of ${total}`
    process.stderr.write(`  ${view.status}: ${done}\n`)
  }
}

function story({ id, status, counts, quota, error, problems }: View): string {
  const some = Object.entries(counts).filter(([name, count]) => name !== 'total' && count > 0)
  const figures = some.map(([name, count]) => `${count} ${name}`).join(', ')
  const next = {
    ready: quota.fits
      ? 'Nothing was made yet. Run it again with --apply to have it done.'
      : `The plan of the workspace has room for ${quota.room} links only.`,
    done: 'Done.',
    failed: error?.message ?? 'It could not be read.',
    ...{ parsing: '', applying: '' },
  }
  return [
    `Import ${id}: ${counts.total ?? 0} rows${figures === '' ? '' : ` (${figures})`}.`,
    ...problems.map((row) => `  line ${row.line}: ${row.error?.message ?? 'refused'}`),
    next[status],
  ].join('\n')
}
