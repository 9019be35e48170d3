import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../core/errors'
import type { Logger } from './logger'

export const adminSocketIn = (dataDir: string): string => join(dataDir, 'admin.sock')

/** What a socket's address may hold, less the zero at its end (unix(7), `sun_path`). */
const PATH_BYTES_MAX = 107

/** One request of a command on this machine: a path and JSON, answered with JSON. */
export type AdminOperations = Readonly<Record<string, (input: unknown) => unknown>>

export type AdminSocketOptions = {
  dataDir: string
  operations: AdminOperations
  logger: Pick<Logger, 'warn' | 'error'>
}

export type AdminSocket = { close(): Promise<void> }

/**
 * Listens for the commands of this program in `DATA_DIR/admin.sock`, mode 0600: whoever may open
 * it owns the data anyway. Only under the instance lock, since what an earlier process left there
 * is removed. A directory whose path is too long for a socket, or a file system without them, is
 * logged, and commands then need the server stopped.
 */
export function openAdminSocket({ dataDir, operations, logger }: AdminSocketOptions): AdminSocket {
  const path = adminSocketIn(dataDir)
  try {
    if (Buffer.byteLength(path) > PATH_BYTES_MAX) throw new Error('The path is too long.')
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path)
    const server = Bun.serve({
      unix: path,
      development: false,
      maxRequestBodySize: 64 * 1024,
      fetch: (request) => answer(request, operations, logger),
    })
    chmodSync(path, 0o600)
    return {
      async close() {
        await server.stop(true)
        rmSync(path, { force: true })
      },
    }
  } catch (error) {
    logger.warn('No admin.sock: commands beside this server do not reach it.', { error })
    return { close: async () => {} }
  }
}

async function answer(
  request: Request,
  operations: AdminOperations,
  logger: AdminSocketOptions['logger'],
): Promise<Response> {
  const { pathname } = new URL(request.url)
  const operation = Object.hasOwn(operations, pathname) ? operations[pathname] : undefined
  if (operation === undefined) return refusal(404, 'The server does not know this command.')
  try {
    return Response.json(await operation(await request.json()))
  } catch (error) {
    if (error instanceof AppError) {
      const { field } = error.options
      return refusal(error.status, field ? `${field}: ${error.message}` : error.message)
    }
    logger.error('A command failed.', { path: pathname, error })
    return refusal(500, 'The server failed at this; its log says why.')
  }
}

const refusal = (status: number, message: string): Response =>
  Response.json({ message }, { status })
