import { existsSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../config'
import { databasePathIn, restoreMarkIn, SECRET_FILES } from '../../platform/data-dir'
import { ballastIn, freeBytesOf } from '../../platform/disk-guard'
import { type Finding, megabytes, ok, problem, warning } from './finding'

/** File systems over a network by their magic number (statfs(2)): no shared memory, no locks. */
const NETWORK_FILE_SYSTEMS: Readonly<Record<number, string>> = {
  26985: 'NFS',
  4283649346: 'CIFS',
  4266872130: 'SMB2',
  1702057286: 'FUSE',
  16914836: 'tmpfs',
}
const OTHERS = 0o077
const MIB = 1024 * 1024

/** The directory, who may read it, and the room that it has. */
export function examineMachine(config: Config): Finding[] {
  const { dataDir } = config
  if (!existsSync(dataDir)) {
    return [
      problem('directory', `${dataDir} does not exist.`, 'Start the server once, or set DATA_DIR.'),
    ]
  }
  return [directory(dataDir), ...permissions(dataDir), fileSystem(dataDir), ...room(config)]
}

function directory(dataDir: string): Finding {
  if (existsSync(restoreMarkIn(dataDir))) {
    const advice = 'Run it again: linkstead restore FILE --force. Nothing of the old was deleted.'
    return problem('directory', `A restore in ${dataDir} was cut short.`, advice)
  }
  if (!existsSync(databasePathIn(dataDir))) {
    return problem('directory', `${dataDir} holds no database.`, 'Start the server, or restore.')
  }
  const { uid } = statSync(databasePathIn(dataDir))
  const own = process.getuid?.() ?? uid
  if (uid !== own) {
    return warning(
      'directory',
      `${dataDir} belongs to user ${uid}, and this runs as user ${own}.`,
      `Run commands as that user (sudo -u '#${uid}' …): files made by another may lock it out.`,
    )
  }
  return ok('directory', dataDir)
}

function permissions(dataDir: string): Finding[] {
  const names = ['.', 'linkstead.db', 'linkstead.db-wal', 'salt', 'admin.sock', ...SECRET_FILES]
  const open = names.filter((name) => {
    const file = statSync(join(dataDir, name), { throwIfNoEntry: false })
    return file !== undefined && (file.mode & OTHERS) !== 0
  })
  if (open.length === 0) return [ok('permissions', 'only its own user can read the data')]
  return [
    warning(
      'permissions',
      `Others on this machine can reach ${open.join(', ')} in ${dataDir}.`,
      `chmod -R go= ${dataDir}`,
    ),
  ]
}

function fileSystem(dataDir: string): Finding {
  const name = NETWORK_FILE_SYSTEMS[statfsSync(dataDir).type]
  if (name === undefined) return ok('file system', 'local')
  if (name === 'tmpfs') {
    return warning('file system', `${dataDir} is in memory (tmpfs).`, 'Move it to a disk.')
  }
  return problem(
    'file system',
    `${dataDir} lies on ${name}, where SQLite can lose data.`,
    'Move DATA_DIR to a local disk and copy backups to the network instead.',
  )
}

function room({ dataDir, ballastBytes }: Config): Finding[] {
  const free = freeBytesOf(dataDir)
  const size = statSync(databasePathIn(dataDir), { throwIfNoEntry: false })?.size ?? 0
  const held = statSync(ballastIn(dataDir), { throwIfNoEntry: false })?.size ?? 0
  const says = `${megabytes(free)} free, the database has ${megabytes(size)}`
  const advice = `Free space where ${dataDir} lies. The server goes on by itself.`
  const space =
    free < 16 * MIB
      ? problem('disk', `The disk is full: ${says}.`, advice)
      : free < Math.max(size / 5, 256 * MIB)
        ? warning('disk', `The disk is getting full: ${says}.`, advice)
        : ok('disk', says)
  if (held >= ballastBytes) return [space]
  const missing = warning(
    'ballast',
    `Of ${megabytes(ballastBytes)} that are set aside for a full disk there are ${megabytes(held)}.`,
    'It comes back when the server runs and there is room twice as large; BALLAST_MB changes it.',
  )
  return [space, missing]
}
