import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import {
  closeSync,
  createReadStream,
  fsync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { diskFull, type StorageHealth, storageFailureOf } from './storage-health'

/** A file that says nothing without its key, which is kept elsewhere. */
export type SealedFile = { name: string; key: string }

export type SealedFileWriter = {
  write(bytes: Uint8Array): void
  /** Settles when the file is on the disk. */
  close(): Promise<SealedFile>
  /** Ends it and removes what was written. */
  discard(): void
}

export type SealedFiles = {
  /** Throws `unavailable` when the disk has no room; so do the writes that follow. */
  create(): SealedFileWriter
  /** Its bytes, in pieces of at most 64 KiB. */
  read(file: SealedFile): AsyncGenerator<Buffer>
  remove(name: string): void
  /** Removes every file but those: what a crash left behind. */
  sweep(kept: ReadonlySet<string>): void
}

const CIPHER = 'aes-256-ctr'
const KEY_BYTES = 32
const NONCE_BYTES = 16
const PIECE_BYTES = 65_536

const sync = promisify(fsync)

/**
 * Files of people on their way through the server, encrypted each under a key of its own: what is
 * in them, such as passwords of links, never lies on the disk in plain.
 */
export function createSealedFiles(
  directory: string,
  health?: Pick<StorageHealth, 'requireRoom' | 'noteFailure'>,
): SealedFiles {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const pathOf = (name: string): string => join(directory, name)
  const remove = (name: string): void => rmSync(pathOf(name), { force: true })

  function refused(error: unknown): unknown {
    health?.noteFailure(error)
    return storageFailureOf(error) === 'full' ? diskFull(error) : error
  }

  function create(): SealedFileWriter {
    // What room is left belongs to answered clicks.
    health?.requireRoom()
    const name = randomBytes(16).toString('hex')
    const secret = randomBytes(KEY_BYTES + NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, ...keyAndNonce(secret))
    const file = openSync(pathOf(name), 'wx', 0o600)
    let isOpen = true
    function end(): void {
      if (isOpen) closeSync(file)
      isOpen = false
    }
    return {
      write(bytes) {
        const sealed = cipher.update(bytes)
        try {
          for (let at = 0; at < sealed.length; ) at += writeSync(file, sealed, at)
        } catch (error) {
          throw refused(error)
        }
      },
      async close() {
        try {
          await sync(file)
        } catch (error) {
          throw refused(error)
        } finally {
          end()
        }
        return { name, key: secret.toString('base64url') }
      },
      discard() {
        end()
        remove(name)
      },
    }
  }

  return {
    create,
    async *read({ name, key }) {
      const cipher = createDecipheriv(CIPHER, ...keyAndNonce(Buffer.from(key, 'base64url')))
      const pieces: AsyncIterable<Buffer> = createReadStream(pathOf(name), {
        highWaterMark: PIECE_BYTES,
      })
      for await (const piece of pieces) yield cipher.update(piece)
    },
    remove,
    sweep(kept) {
      for (const name of readdirSync(directory)) if (!kept.has(name)) remove(name)
    },
  }
}

const keyAndNonce = (secret: Buffer) =>
  [secret.subarray(0, KEY_BYTES), secret.subarray(KEY_BYTES)] as const
