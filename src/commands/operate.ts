import { compose } from '../compose'
import { readConfig } from '../config'
import { AppError, OperatorError } from '../core/errors'
import { handOver } from '../platform/data-dir'
import { createLogger } from '../platform/logger'
import { askServer } from './admin-client'

/** Time for what belongs to the operation to be stored before the file is let go. */
const STOP_MS = 10_000

/** Has an operation done and answers what came of it. Throws {@link OperatorError}. */
export type Operate = (path: string, body: unknown) => Promise<unknown>

/**
 * Runs `work` with operations that the server on the data directory does, or this process where
 * none runs. Throws {@link OperatorError}.
 */
export async function operating<T>(work: (operate: Operate) => Promise<T>): Promise<T> {
  const config = readConfig()
  if ((await askServer(config.dataDir, { path: '/status', body: {} })) !== null) {
    return work(async (path, body) => {
      const answer = await askServer(config.dataDir, { path, body })
      if (answer === null) throw new OperatorError('The server has ended. Run this again.')
      return answer
    })
  }
  const runtime = compose(config, { logger: createLogger('silent'), inThread: true })
  try {
    return await work(async (path, body) => {
      const operation = runtime.operations[path]
      if (operation === undefined) throw new OperatorError(`There is no operation ${path}.`)
      return operation(body)
    })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const { field } = error.options
    throw new OperatorError(field ? `${field}: ${error.message}` : error.message, { cause: error })
  } finally {
    await runtime.stop(STOP_MS)
    handOver(config.dataDir)
  }
}

/** One operation by itself. */
export const operate: Operate = (path, body) => operating((one) => one(path, body))
