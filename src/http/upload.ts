import { createHash } from 'node:crypto'
import { Busboy, type BusboyHeaders } from '@fastify/busboy'
import { type Access, bodyTypesOf } from '../core/access'
import { AppError, invalid } from '../core/errors'
import type { SealedFile, SealedFiles, SealedFileWriter } from '../platform/sealed-files'
import { contextOf } from './request-context'

/** Largest file, in bytes. */
export const FILE_BYTES_MAX = 50 * 1024 * 1024
/** What the form around the file may take. */
const FORM_BYTES_MAX = 1_048_576
const FIELDS_MAX = 50
const FIELD_BYTES_MAX = 65_536
/** So much of the file is looked at before it is accepted. */
const HEAD_BYTES = 4096
/** Between two turns of the event loop. */
const PIECE_BYTES = 65_536

/** The file of a form. It goes when the answer is made, unless it is kept. */
export type UploadedFile = {
  /** As the sender calls it, without folders. */
  name: string
  sizeBytes: number
  head: Buffer
  stored: SealedFile
  /** From now on the caller removes it. */
  keep(): void
}

/** The fields of a form by name, the last one of a name wins; the file by the name of its field. */
export type UploadReceiver = (request: Request) => Promise<Record<string, string>>

export type UploadDeps = {
  files: Pick<SealedFiles, 'create' | 'remove'>
  /** Lets the event loop have its turn. */
  nextTurn: () => Promise<void>
}

const tooLarge = (): AppError =>
  new AppError('payload_too_large', 'A file may have at most 50 MiB (52428800 bytes).', {
    field: 'file',
  })

const unreadable = (cause: unknown): AppError =>
  new AppError('validation_failed', 'The form could not be read to its end.', { cause })

/**
 * Receives forms with one file, the file straight to the disk and never whole in memory. Throws
 * `unsupported_media_type`, `payload_too_large`, `validation_failed`.
 */
export function createUploadReceiver({ files, nextTurn }: UploadDeps): UploadReceiver {
  return async (request) => {
    const form = openForm(files, requireFormType(request))
    const context = contextOf(request)
    try {
      if (Number(request.headers.get('content-length') ?? 0) > FILE_BYTES_MAX + FORM_BYTES_MAX) {
        throw tooLarge()
      }
      for await (const piece of piecesOf(request.body)) {
        await form.write(piece)
        await nextTurn()
      }
      const { fields, file, hash } = await form.end()
      context.bodyHash = hash
      if (file) {
        let isKept = false
        const keep = (): void => {
          isKept = true
        }
        context.uploaded = { ...file, keep }
        context.onFinish.push(() => isKept || files.remove(file.stored.name))
      }
      if (fields.workspace_id === undefined) return fields
      throw invalid('workspace_id', 'With a file, name the workspace in the query or the header.')
    } catch (error) {
      form.discard()
      throw error instanceof AppError ? error : unreadable(error)
    }
  }
}

/** The file that came with a request; null where none did. */
export const findUploadedFile = (request: Request): UploadedFile | null =>
  contextOf(request).uploaded ?? null

/** The file that came with a request. Throws `validation_failed` where none did. */
export function uploadedFileOf(request: Request): UploadedFile {
  const uploaded = findUploadedFile(request)
  if (uploaded) return uploaded
  throw invalid('file', '"file": is required: the file as a part of the form.')
}

/** Whether the body is to be read as a form; where either may come, what it says of itself counts. */
export const isForm = (access: Access, { headers }: Request): boolean => {
  const [usual, other] = bodyTypesOf(access)
  return other === undefined
    ? usual === 'form'
    : /^multipart\//i.test(headers.get('content-type') ?? '')
}

function requireFormType(request: Request): BusboyHeaders {
  const type = request.headers.get('content-type') ?? ''
  if (/^multipart\/form-data\s*;.*boundary=/i.test(type)) return { 'content-type': type }
  throw new AppError(
    'unsupported_media_type',
    'Send the file in a form: "Content-Type: multipart/form-data; boundary=…".',
  )
}

async function* piecesOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  for await (const chunk of body ?? []) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES)
      yield chunk.subarray(at, at + PIECE_BYTES)
  }
}

type Form = {
  write(piece: Uint8Array): Promise<void>
  end(): Promise<{
    fields: Record<string, string>
    file: Omit<UploadedFile, 'keep'> | undefined
    hash: string
  }>
  discard(): void
}

/** Reads one form. Its hash is that of names and contents: boundaries differ from try to try. */
function openForm(files: UploadDeps['files'], headers: BusboyHeaders): Form {
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  // What fails is thrown by the next write.
  ended.catch(() => undefined)
  let failure: unknown
  const fail = (error: unknown): void => {
    failure ??= error
    reject(error)
  }
  const parser = createParser(headers)
  const hash = createHash('sha256')
  const fields: Record<string, string> = {}
  let received: ReturnType<typeof receiveFile> | undefined
  parser.on('field', (name, value, isNameCut, isCut) => {
    if (isNameCut || isCut) fail(invalid(name, `"${name}": is too long.`))
    if (name === '__proto__') return
    fields[name] = value
    hash.update(JSON.stringify([name, value]))
  })
  parser.on('file', (name, stream, fileName = '') => {
    if (name !== 'file') fail(invalid(name, 'Send the file in the field "file".'))
    fields.file = fileName
    received = receiveFile(files.create(), fileName)
    hash.update(JSON.stringify([name]))
    stream.on('limit', () => fail(tooLarge()))
    stream.on('error', fail)
    stream.on('data', (bytes: Buffer) => {
      try {
        if (failure === undefined) received?.write(bytes)
        hash.update(bytes)
      } catch (error) {
        fail(error)
      }
    })
  })
  parser.on('filesLimit', () => fail(invalid('file', 'Send one file at a time.')))
  parser.on('fieldsLimit', () => fail(invalid('file', `A form has at most ${FIELDS_MAX} fields.`)))
  parser.on('error', fail)
  parser.on('finish', () => resolve())
  return {
    async write(piece) {
      if (failure !== undefined) throw failure
      const isTaken = parser.write(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength))
      if (isTaken) return
      const { promise: drained, resolve: drain } = Promise.withResolvers<void>()
      parser.once('drain', drain)
      await Promise.race([drained, ended])
    },
    async end() {
      parser.end()
      await ended
      if (failure !== undefined) throw failure
      return { fields, file: await received?.close(), hash: hash.digest('hex') }
    },
    discard() {
      fail(unreadable(undefined))
      parser.destroy()
      received?.discard()
    },
  }
}

function createParser(headers: BusboyHeaders): Busboy {
  try {
    return new Busboy({
      headers,
      isPartAFile: (_name, _type, fileName) => fileName !== undefined,
      limits: {
        ...{ fileSize: FILE_BYTES_MAX, files: 1, fields: FIELDS_MAX },
        ...{ fieldSize: FIELD_BYTES_MAX, fieldNameSize: 200 },
      },
    })
  } catch (error) {
    throw unreadable(error)
  }
}

function receiveFile(writer: SealedFileWriter, fileName: string) {
  let sizeBytes = 0
  let head = Buffer.alloc(0)
  return {
    write(bytes: Buffer): void {
      sizeBytes += bytes.length
      if (head.length < HEAD_BYTES) {
        head = Buffer.concat([head, bytes.subarray(0, HEAD_BYTES - head.length)])
      }
      writer.write(bytes)
    },
    async close() {
      const stored = await writer.close()
      return { name: nameOf(fileName), sizeBytes, head, stored }
    },
    discard: (): void => writer.discard(),
  }
}

/** A file name without folders and without what could mislead. */
const nameOf = (text: string): string =>
  (text.split(/[/\\]/).at(-1) ?? '').replace(/[^\p{L}\p{N} ._()-]/gu, '_').slice(0, 200)
